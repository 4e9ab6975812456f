using System.Text;

namespace Calltap.Cli.Demo;

/// <summary>
/// Generates many small functions <c>f00000...</c> of ordinary shapes, the table <c>plain_table</c> that says what each computes,
/// and the header <c>plain.h</c>. Compiled with gcc each has an entry and one exit of at least five bytes of ordinary instructions.
/// </summary>
/// <param name="count">How many.</param>
/// <param name="withCallees">Whether four in ten call others, which gives call trees of up to four levels; else all are leaves.</param>
public sealed class PlainFunctions(int count, bool withCallees)
{
    // Small files and -Og: half the compile time of -O2 for much the same code of functions as small as these.
    const int PerFile = 625;
    const string Flags = "-Og -falign-functions=16";
    static readonly ulong[] s_bias = [3, 1415, 92653, 58979323, 846264338, 3279502884, 19716939937, 510582097494];

    readonly PlainFunction[] _functions = new PlainFunction[count];
    ulong _random = 0x2545F4914F6CDD1D;

    /// <summary>Generates the sources: several .c files of functions, the table, and the header.</summary>
    public IReadOnlyList<SourceFile> Generate()
    {
        // Callees first: the table of a caller needs what its callees compute.
        foreach (var index in Enumerable.Range(0, count).OrderBy(Level))
            _functions[index] = Create(index);
        var files = _functions.Chunk(PerFile).Select((chunk, n) => new SourceFile($"plain{n:D2}.c", Unit(chunk), Flags));
        return [.. files, new SourceFile("plain_table.c", Table(), "-O0"), new SourceFile("plain.h", Header())];
    }

    // Six in ten are leaves, two call leaves, one calls those, one calls that one.
    int Level(int index) => withCallees ? Math.Max(0, (index % 10 - 4) / 2 + (index % 10 == 9 ? 1 : 0)) : 0;

    PlainFunction Create(int index)
    {
        unchecked
        {
            var level = Level(index);
            return level == 0 ? Leaf(index, (int)(Next() % 6)) : Caller(index, level, (int)(Next() % 3));
        }
    }

    PlainFunction Leaf(int index, int shape)
    {
        unchecked
        {
            ulong a = Next() | 1, b = Next(), small = Next() % 1000 + 2;
            return shape switch
            {
                0 => Plain(index, a, b, 1, $"return x * {a}u + {b}u;"),
                1 => Plain(index, 7, 8 * small - b, 1, $"u64 y = (x + {small}) << 3; OPAQUE(y); return y - x - {b}u;"),
                2 => Plain(index, a, b, 1,
                    $"u64 y = {b}u; if (x & {1 << (int)(small % 8)}) {{ x += {small}; y = {b - small * a}u; }} "
                    + $"OPAQUE(x); return x * {a}u + y;"),
                3 => Plain(index, a * a * a, ((small * a) + small) * a + small + b, 1,
                    $"for (int i = 0; i < 3; i++) {{ x = x * {a}u + {small}; OPAQUE(x); }} return x + {b}u;"),
                4 => Plain(index, small, s_bias[index % 8] + 1, 1, $"return x * {small} + plain_bias[{index % 8}] + 1;"),
                _ => Plain(index, small, b, 1, $"volatile u64 v[2]; v[0] = x; v[1] = {b}u; return v[0] * {small} + v[1];"),
            };
        }
    }

    PlainFunction Caller(int index, int level, int shape)
    {
        unchecked
        {
            PlainFunction f = Callee(level - 1), g = Callee(level - 1);
            ulong c = Next() % 1000 + 1, d = Next();
            return shape switch
            {
                0 => Plain(index, 3 * f.Factor, 3 * (f.Factor * c + f.Term) + d, 1 + f.Calls,
                    $"return {f.Name}(x + {c}) * 3 + {d}u;", f),
                1 => Plain(index, f.Factor + g.Factor, f.Factor * c + f.Term + g.Term - d, 1 + f.Calls + g.Calls,
                    $"u64 r = {f.Name}(x + {c}); return r + {g.Name}(x) - {d}u;", f, g),
                _ => Plain(index, 2 * f.Factor, f.Factor * c + 2 * f.Term, 1 + 2 * f.Calls,
                    $"u64 r = 0; for (u64 i = 0; i < 2; i++) r += {f.Name}(x + i * {c}); return r;", f),
            };
        }
    }

    PlainFunction Callee(int level)
    {
        for (; ; )
        {
            var index = (int)(Next() % (ulong)count);
            if (Level(index) == level)
                return _functions[index];
        }
    }

    static PlainFunction Plain(int index, ulong factor, ulong term, int calls, string body, params PlainFunction[] callees)
    {
        var declarations = string.Concat(callees.Select(f => $"u64 {f.Name}(u64);\n"));
        return new PlainFunction(index, factor, term, calls, $"{declarations}PLAIN u64 f{index:D5}(u64 x) {{ {body} }}\n");
    }

    static string Unit(IEnumerable<PlainFunction> functions)
    {
        var text = new StringBuilder("#include \"plain.h\"\n");
        foreach (var function in functions)
            text.Append(function.Source);
        return text.ToString();
    }

    string Table()
    {
        var text = new StringBuilder("#include \"plain.h\"\n");
        text.Append($"u64 plain_bias[8] = {{ {string.Join(", ", s_bias.Select(b => $"{b}u"))} }};\n");
        foreach (var function in _functions)
            text.Append($"u64 {function.Name}(u64);\n");
        text.Append("const struct plain_entry plain_table[PLAIN_COUNT] = {\n");
        foreach (var f in _functions)
            text.Append($"{{ {f.Name}, {f.Factor}u, {f.Term}u, {f.Calls} }},\n");
        return text.Append("};\n").ToString();
    }

    // The stride is a prime that divides no count we use: stepping by it visits every function once a round.
    string Header() => $$"""
        #ifndef PLAIN_H
        #define PLAIN_H
        #include <stdint.h>
        typedef uint64_t u64;
        enum { PLAIN_COUNT = {{count}}, PLAIN_STRIDE = 7919 };
        struct plain_entry { u64 (*function)(u64); u64 factor, term, calls; };
        extern const struct plain_entry plain_table[PLAIN_COUNT];
        extern u64 plain_bias[8];
        /* The compiler is to take the value for unknown. */
        #define OPAQUE(x) __asm__ volatile("" : "+r"(x))
        #ifdef __clang__
        #define PLAIN __attribute__((noinline))
        #else
        #define PLAIN __attribute__((noipa))
        #endif
        #endif

        """;

    // xorshift64*: the same program on every machine.
    ulong Next()
    {
        unchecked
        {
            _random ^= _random >> 12;
            _random ^= _random << 25;
            _random ^= _random >> 27;
            return _random * 0x2545F4914F6CDD1D;
        }
    }
}
