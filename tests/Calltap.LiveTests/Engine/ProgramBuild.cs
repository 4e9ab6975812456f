using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Engine;

/// <summary>How a test program of one C file in targets/ is compiled and linked.</summary>
/// <param name="Compiler">The compiler's name, null for this machine's usual one; where it is missing the test is skipped.</param>
/// <param name="Flags">More options for the compiler.</param>
/// <param name="LinkFlags">Options for the link.</param>
sealed record ProgramBuild(string? Compiler = null, string Flags = "", string LinkFlags = "-lpthread")
{
    /// <summary>Further files of the program.</summary>
    public IReadOnlyList<SourceFile> More { get; init; } = [];

    const string MuslCompiler = "musl-gcc";

    /// <summary>As a program usually is.</summary>
    public static ProgramBuild Usual { get; } = new();

    /// <summary>The kinds that tests name.</summary>
    public static ProgramBuild Of(string kind) => kind switch
    {
        "usual" => Usual,
        "musl" => new(MuslCompiler),
        "musl-static" => new(MuslCompiler, LinkFlags: "-static"),
        "musl-static-stripped" => new(MuslCompiler, LinkFlags: "-static -s"),
        "static" => new(LinkFlags: "-static"),
        "static-pie" => new(Flags: "-fPIE", LinkFlags: "-static-pie"),
        "static-stripped" => new(LinkFlags: "-static -s"),
        "static-pie-stripped" => new(Flags: "-fPIE", LinkFlags: "-static-pie -s"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>The path of the built program.</summary>
    public string Program(string name, params ReadOnlySpan<string> headers)
    {
        CCompiler? compiler = null;
        if (Compiler is not null)
        {
            string? path = InstalledPrograms.Find(Compiler);
            Assert.SkipWhen(path is null, $"no {Compiler}: install musl-tools");
            compiler = CCompiler.At(path);
        }
        var sources = new List<SourceFile> { SourceFile.FromResource(typeof(ProgramBuild), $"{name}.c", $"-O2 {Flags}") };
        foreach (string header in headers) sources.Add(SourceFile.FromResource(typeof(ProgramBuild), header));
        return new GeneratedProgram(name, [.. sources, .. More], LinkFlags, compiler).Build(BuildCache.Directory);
    }
}
