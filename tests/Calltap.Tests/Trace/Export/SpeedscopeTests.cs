using Calltap.Tests.Docs;
using Calltap.Tests.Symbols;
using Calltap.Trace;
using Xunit;

namespace Calltap.Tests.Trace.Export;

/// <summary>speedscope's own importer must find what our report says.</summary>
public sealed class SpeedscopeTests
{
    // .ci/run installs it there, from the list in tests/speedscope.
    static readonly string s_modules = Path.Combine(ReferencedFilesTests.Root, "artifacts", "speedscope", "node_modules");

    [Fact]
    public void Speedscope_finds_the_calls_and_times_of_our_report()
    {
        (byte[] json, _) = ExportSample.Export(ExportSample.Whole, SpeedscopeWriter.Write);
        string[] lines = Import(json);
        Assert.Equal(["worker 1 [101]", "worker 2 [102]", "worker 3 [103]"], lines.Select(line => line.Split('\t')[0]).Distinct());
        Assert.Equal(ExportSample.Report(ExportSample.Whole), ExportSample.Parse(string.Join('\n', lines.Select(line => line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..]))));
    }

    [Fact]
    public void What_is_not_whole_is_read_and_said_in_the_name()
    {
        (byte[] json, _) = ExportSample.Export(ExportSample.Odd, SpeedscopeWriter.Write);
        string[] lines = Import(json);
        Assert.Equal(
            ["odd [11] (3 ends not known, 1 exits of calls that began earlier, 4 calls lost)", "odd (stack 2) [11]", "thread 12 [12]"],
            lines.Select(line => line.Split('\t')[0]).Distinct());
        // The one of f behind which events were lost takes no time that is known, and speedscope passes over what takes none.
        Assert.Equal(
            ExportSample.Report(ExportSample.Odd).Select(f => (f.Key, f.Key == "f" ? f.Value.Calls - 1 : f.Value.Calls)),
            ExportSample.Parse(string.Join('\n', lines.Select(line => line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..]))).Select(f => (f.Key, f.Value.Calls)));
    }

    static string[] Import(byte[] json)
    {
        if (!Directory.Exists(s_modules))
            Assert.Skip("speedscope is not installed (npm ci in artifacts/speedscope, see .ci/run)");
        string importer = Path.Combine(ReferencedFilesTests.Root, "tests", "speedscope", "import.mjs");
        return ExportSample.WithFile(json, path => Tool.Run("node", importer, s_modules, path)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
