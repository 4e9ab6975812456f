using System.Collections.Concurrent;
using System.Globalization;
using Calltap.LiveTests.Target;

namespace Calltap.LiveTests.Programs;

/// <summary>
/// How many functions of well-known files can be traced. The files are the distribution's, mostly without symbols. docs/coverage.md holds the figures of
/// one distribution; with CALLTAP_REGENERATE=1 and CALLTAP_LONG=1 the table is written anew.
/// </summary>
public sealed class CoverageTests(ITestOutputHelper output)
{
    const int LargeFile = 20_000_000;

    static readonly ConcurrentDictionary<string, CoverageRow> s_rows = [];

    /// <summary>Where the files are, at least how many percent of entries, and of functions with every exit.</summary>
    public static TheoryData<string, double, double> Files { get; } = new()
    {
        { "/usr/lib/gcc/x86_64-linux-gnu/*/cc1plus", 99.5, 97 },
        { "/usr/bin/node", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libpython3.*.so.1.0", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libc.so.6", 99.4, 94 }, // 99.52 with its symbols; copying and comparing, by hand: jumps lead into epilogues
        { "/usr/bin/redis-check-rdb", 99.5, 96.5 }, // redis-server is a link to it
        { "/usr/bin/sqlite3", 99.5, 97 },
        { "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0", 99.5, 97 },
        { "/usr/bin/rg", 99.5, 92 }, // Rust
    };

    static string Table => Path.Combine(RepositoryRoot.Path, "docs", "coverage.md");

    [Theory]
    [MemberData(nameof(Files))]
    public void Nearly_every_function_can_be_traced(string pattern, double entries, double exits)
    {
        string? path = InstalledPrograms.Matching(pattern);
        Assert.SkipWhen(path is null, $"{pattern} is not installed");
        Assert.SkipUnless(IsInForm(path!), "long form: a large file takes all CPUs for seconds");
        CoverageRow row = Row(path!);
        output.WriteLine($"{row}");
        Assert.True(row.Entries >= entries && row.Exits >= exits, $"{row}");
        string? known = File.ReadLines(Table).FirstOrDefault(line => line.Contains($"| {row.File} | {row.Build} |", StringComparison.Ordinal));
        Assert.SkipWhen(known is null, $"not the build that docs/coverage.md is about; measured: {row}");
        Assert.True(known == $"{row}" || IsRegenerated, $"docs/coverage.md says\n{known}\nmeasured\n{row}");
    }

    [Fact]
    public void Of_all_of_them_together_97_percent_can_be_traced_with_every_exit()
    {
        CoverageRow[] rows = [.. Files.Select(file => InstalledPrograms.Matching(file.Data.Item1)).OfType<string>().Where(IsInForm).Select(Row)];
        Assert.SkipWhen(rows.Length == 0, "none of the files is installed");
        int functions = rows.Sum(row => row.Functions);
        string all = string.Create(CultureInfo.InvariantCulture,
            $"| all | | {functions:N0} | {100.0 * rows.Sum(row => row.Entered) / functions:0.00} | {100.0 * rows.Sum(row => row.Left) / functions:0.00} | {rows.Sum(row => row.KeptOut)} | |");
        output.WriteLine(all);
        if (IsRegenerated) Regenerate([.. rows.Select(row => $"{row}"), all]);
        Assert.True(rows.Sum(row => row.Left) >= (rows.Length == Files.Count ? 0.97 : 0.96) * functions, all);
        Assert.True(rows.Sum(row => row.KeptOut) <= 0.01 * functions, all);
    }

    static bool IsRegenerated => Environment.GetEnvironmentVariable("CALLTAP_REGENERATE") == "1" && LiveTest.Repeat(0, 1) == 1;

    static bool IsInForm(string path) => new FileInfo(path).Length <= LiveTest.Repeat(LargeFile, int.MaxValue);

    static CoverageRow Row(string path) => s_rows.GetOrAdd(path, CoverageRow.Of);

    static void Regenerate(IReadOnlyList<string> lines)
    {
        string[] page = File.ReadAllLines(Table);
        int first = Array.FindIndex(page, line => line.StartsWith("| ---", StringComparison.Ordinal)) + 1;
        int behind = Array.FindIndex(page, first, line => !line.StartsWith('|'));
        File.WriteAllLines(Table, [.. page[..first], .. lines, .. page[behind..]]);
    }
}
