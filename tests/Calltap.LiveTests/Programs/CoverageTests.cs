using Calltap.LiveTests.Target;
using Calltap.Modules;

namespace Calltap.LiveTests.Programs;

/// <summary>How many functions of well-known files can be traced. The files are the distribution's, mostly without symbols.</summary>
public sealed class CoverageTests(ITestOutputHelper output)
{
    /// <summary>Where the files are, at least how many percent of entries, and of functions with every exit.</summary>
    public static TheoryData<string, double, double> Files { get; } = new()
    {
        { "/usr/lib/gcc/x86_64-linux-gnu/*/cc1plus", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libpython3.*.so.1.0", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libc.so.6", 99.4, 94 }, // copying and comparing, by hand: jumps lead behind the first instruction
        { "/usr/bin/redis-check-rdb", 99.5, 96.5 }, // redis-server is a link to it
        { "/usr/bin/node", 99.5, 97 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Nearly_every_function_can_be_traced(string pattern, double entries, double exits)
    {
        string? path = InstalledPrograms.Matching(pattern);
        Assert.SkipWhen(path is null, $"{pattern} is not installed");
        Assert.SkipWhen(new FileInfo(path!).Length > LiveTest.Repeat(20_000_000, int.MaxValue), "long form: a large file takes all CPUs for ten seconds");
        FunctionCatalog catalog = FunctionCatalog.LoadFile(path!);
        double count = catalog.Functions.Count;
        double entered = 100 * catalog.Functions.Count(f => f.Plan.Entry is not null) / count;
        double left = 100 * catalog.Functions.Count(f => f.Plan is { Entry: not null, AllExitsPatchable: true }) / count;
        output.WriteLine($"| {Path.GetFileName(path)} | {count:N0} | {entered:0.00} | {left:0.00} |");
        Assert.True(entered >= entries && left >= exits, $"{path}: {entered:0.00} % of entries, {left:0.00} % with every exit");
    }
}
