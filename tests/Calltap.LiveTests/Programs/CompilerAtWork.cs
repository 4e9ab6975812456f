using System.Security.Cryptography;
using System.Text;

namespace Calltap.LiveTests.Programs;

/// <summary>
/// The compiler proper (cc1) at work on a generated file for some seconds. Its assembly output must be the same with and without
/// tracing. cc1 is started directly: gcc itself only waits for it.
/// </summary>
public sealed class CompilerAtWork : IDisposable
{
    readonly string _source = Path.GetTempFileName();
    readonly string _assembly = Path.GetTempFileName();

    CompilerAtWork(string compiler, int functions)
    {
        File.WriteAllText(_source, Source(functions));
        Program = SpawnedProgram.Start(compiler, ["-quiet", "-O2", "-o", _assembly, _source, "-dumpbase", "generated.c"]);
    }

    /// <summary>The compiler.</summary>
    public SpawnedProgram Program { get; }

    /// <summary>The digest of the assembly, without the line that names the source; to be read when the compiler has ended.</summary>
    public string Digest
    {
        get
        {
            var lines = File.ReadLines(_assembly).Where(line => !line.StartsWith("\t.file", StringComparison.Ordinal));
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
        }
    }

    /// <summary>Where gcc keeps its compiler proper; null when there is none.</summary>
    public static string? FindCompiler()
    {
        const string Root = "/usr/lib/gcc/x86_64-linux-gnu";
        return new[] { Root, "/usr/libexec/gcc/x86_64-linux-gnu" }.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "cc1", SearchOption.AllDirectories))
            .FirstOrDefault();
    }

    /// <summary>Starts the compiler.</summary>
    /// <param name="compiler">From <see cref="FindCompiler"/>.</param>
    /// <param name="functions">How large the source is; 1,000 take two to six seconds.</param>
    public static CompilerAtWork Start(string compiler, int functions) => new(compiler, functions);

    /// <inheritdoc/>
    public void Dispose()
    {
        Program.Dispose();
        File.Delete(_source);
        File.Delete(_assembly);
    }

    static string Source(int functions)
    {
        var text = new StringBuilder("typedef unsigned long u64; struct s { u64 a, b; double d; };\n");
        for (var i = 0; i < functions; i++)
            text.Append($$"""
                u64 g{{i}}(u64 x, struct s *p) {
                    u64 sum = {{i}};
                    for (u64 k = 0; k < x; k++) {
                        switch ((k + {{i}}) % 7) { case 0: sum += p[k].a; break; case 3: sum ^= p[k].b; break; case 5: p[k].d *= 1.5; break; default: sum = sum * {{i + 3}} + k; }
                    }
                    return {{(i == 0 ? "sum" : $"sum > {i} ? g{i - 1}(x / 2, p) : sum")}};
                }

                """);
        return text.ToString();
    }
}
