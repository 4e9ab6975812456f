using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Functions from .gopclntab: of the installed toolchain, with nm as the oracle, and of tables written by hand for each header.</summary>
public sealed class GoImageTests : IDisposable
{
    private const string Program = """
        package main

        import "fmt"

        type pair struct{ a, b int }

        //go:noinline
        func (p *pair) sum() int { return p.a + p.b }

        //go:noinline
        func twice[T int | float64](x T) T { return x + x }

        func main() { fmt.Println((&pair{1, 2}).sum(), twice(2), twice(2.5)) }

        """;

    private readonly Sample _sample = new();

    public void Dispose() => _sample.Dispose();

    [Fact]
    public void A_stripped_program_has_the_functions_that_nm_finds_in_the_whole_one()
    {
        string source = _sample.FilePath("main.go"), whole = _sample.FilePath("whole"), stripped = _sample.FilePath("stripped");
        File.WriteAllText(source, Program);
        Tool.Run("go", "build", "-o", whole, source);
        Tool.Run("go", "build", "-ldflags=-s -w", "-o", stripped, source);
        var module = Sample.ReadAlone(stripped);
        Assert.True(module.IsGo);
        Assert.Null(module.NamesHint);
        var found = module.Functions.Where(f => f.Source == FunctionSource.GoFunctionTable).ToDictionary(f => f.Address.Value, f => f.Name!);
        // The oracle writes a method's receiver and a type's name as the table does, and has the runtime's labels beside.
        var expected = Tool.Run("nm", whole).Split('\n').Select(line => line.Split(' ', 3)).Where(l => l is [_, "T" or "t", _] && !l[2].StartsWith("runtime.", StringComparison.Ordinal))
            .Select(l => (Address: Convert.ToUInt64(l[0], 16), Name: l[2])).ToList();
        Assert.True(found.Count > 1000, $"{found.Count} functions");
        var named = expected.Where(e => e.Name.StartsWith("main.", StringComparison.Ordinal) || e.Name.StartsWith("fmt.", StringComparison.Ordinal)).ToList();
        Assert.Contains(named, e => e.Name == "main.(*pair).sum");
        Assert.All(named, e => Assert.Equal(Plain(e.Name), Plain(found[e.Address])));
        Assert.All(module.Functions.Where(f => f.Source == FunctionSource.GoFunctionTable), f => Assert.Contains(module.GoCode, r => r.Contains(f.Address)));
        // The same by the symbols of the whole one: it, too, knows where Go's code is.
        Assert.Equal(Sample.ReadAlone(whole).GoCode.Count, module.GoCode.Count);
    }

    [Fact]
    public void A_file_tells_whether_its_program_is_of_Go_alone_and_of_a_known_version()
    {
        string source = _sample.FilePath("main.go"), program = _sample.FilePath("program");
        File.WriteAllText(source, Program);
        Tool.Run("go", "build", "-ldflags=-s -w", "-o", program, source);
        byte[] image = File.ReadAllBytes(program);
        Assert.True(GoProgram.TryRead(image, program)?.IsOfKnownVersion);
        int version = image.AsSpan().IndexOf(" Go buildinf:"u8) + 32;
        Assert.Equal("go1."u8, image.AsSpan(version, 4));
        image.AsSpan(version + 4, 2).Fill((byte)'9');
        Assert.False(GoProgram.TryRead(image, program)?.IsOfKnownVersion);
        string native = _sample.Compile("int main(void) { return 0; }", "c", "-static");
        Assert.Null(GoProgram.TryRead(File.ReadAllBytes(native), native));
        Assert.Null(GoProgram.TryRead(File.ReadAllBytes(source), source));
    }

    // The table has [...] where the symbol spells the type argument out; assembly functions carry their ABI in the symbol alone.
    private static string Plain(string name) => name.Replace(".abi0", "", StringComparison.Ordinal).Split('[')[0];

    [Theory]
    [InlineData(0xFFFFFFFA, false)]
    [InlineData(0xFFFFFFF0, false)]
    [InlineData(0xFFFFFFF1, false)]
    [InlineData(0xFFFFFFF0, true)]
    [InlineData(0xFFFFFFF1, true)]
    public void Each_header_gives_names_and_sizes(uint magic, bool pie)
    {
        var module = Sample.ReadAlone(Assemble(magic, pie));
        var functions = module.Functions.Where(f => f.Source == FunctionSource.GoFunctionTable).ToList();
        Assert.Equal([("main.one", 16L), ("main.(*T).two", 32L)], functions.Select(f => (f.Name!, f.Size.Value)));
        Assert.Equal(functions[0].Address + 16, functions[1].Address);
        Assert.Equal(new ImageRange(functions[0].Address, new(48)), Assert.Single(module.GoCode));
    }

    [Fact]
    public void A_table_of_another_kind_is_told_and_all_code_taken_for_Go()
    {
        var module = Sample.ReadAlone(Assemble(0xFFFFFFFB, false));
        Assert.True(module.IsGo);
        Assert.Contains("Go 1.16 or later", module.NamesHint, StringComparison.Ordinal);
        Assert.Equal(module.CodeRanges, module.GoCode);
    }

    [Fact]
    public void Damage_anywhere_ends_in_a_reason_or_a_result()
    {
        byte[] image = File.ReadAllBytes(Assemble(0xFFFFFFF0, false));
        int at = image.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xF0, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8]);
        int failed = 0;
        for (int i = 0; i < 160 * 8; i++)
        {
            var changed = (byte[])image.Clone();
            changed[at + (i / 8)] ^= (byte)(1 << (i % 8));
            try
            {
                var module = ModuleSymbolReader.Read(changed, "changed", _ => null);
                failed += module.NamesHint is null ? 0 : 1;
            }
            catch (ElfFormatException)
            {
                failed++;
            }
        }

        Assert.True(failed > 100, $"only {failed} changes were noticed");
    }

    private string Assemble(uint magic, bool pie)
    {
        bool old = magic == 0xFFFFFFFA;
        string word = old ? ".quad" : ".long", text = old ? "0" : "start";
        string Pc(string label) => old ? $"{word} {label}" : $"{word} {label}-{text}";
        string source = $"""
            .text
            .globl main
            main: ret
            .balign 32
            start:
            one: .skip 16, 0x90
            two: .skip 32, 0x90
            end: ret
            .section .gopclntab, "{(pie ? "aw" : "a")}"
            table:
            .long 0x{magic:x}
            .byte 0, 0, 1, 8
            .quad 2, 1
            {(old ? "" : ".quad start")}
            .quad names-table, names-table, names-table, names-table, functions-table
            names: .byte 0
            name1: .asciz "main.one"
            name2: .asciz "main.(*T).two"
            .balign 8
            functions:
            {Pc("one")}
            {word} record1-functions
            {Pc("two")}
            {word} record2-functions
            {Pc("end")}
            record1: {Pc("one")}
            .long name1-names
            record2: {Pc("two")}
            .long name2-names
            .section .note.GNU-stack, ""

            """;
        return _sample.Compile(source, "s", "-s", pie ? "-pie" : "-no-pie");
    }
}
