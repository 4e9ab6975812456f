namespace Calltap.AnalysisTests;

/// <summary>Files that are damaged, cut off, or no traces: as the other commands have it.</summary>
public sealed class DamageTests
{
    [Fact]
    public void A_damaged_file_is_read_up_to_the_damage()
    {
        byte[] whole = ForestTrace.Write(threads: 1, events: 300_000);
        using var sound = new QueryRunner(whole);
        long calls = long.Parse(sound.Value("SELECT count(*) FROM calls"));
        byte[] damaged = [.. whole];
        damaged[whole.Length / 2] ^= 0x10;
        using var trace = new QueryRunner(damaged);
        Assert.Equal(1, trace.Run("--format", "table", "--sql", "SELECT count(*) FROM calls"));
        Assert.StartsWith("calltap: damaged, read up to there: ", trace.Errors, StringComparison.Ordinal);
        Assert.InRange(long.Parse(trace.Output.Split('\n')[1]), 1, calls - 1);
    }

    [Fact]
    public void A_cut_file_is_read_up_to_the_cut()
    {
        byte[] whole = ForestTrace.Write(threads: 1, events: 300_000);
        using var trace = new QueryRunner(whole[..(whole.Length * 2 / 3)]);
        Assert.Equal(1, trace.Run("--format", "table", "--sql", "SELECT count(*) FROM calls"));
        Assert.NotEqual("", trace.Errors);
        Assert.True(long.Parse(trace.Output.Split('\n')[1]) > 0);
    }

    [Fact]
    public void What_is_no_trace_is_refused()
    {
        using var trace = new QueryRunner("no trace at all, but long enough to hold a header"u8.ToArray());
        Assert.Equal(2, trace.Run("--format", "table", "--sql", "SELECT 1"));
        Assert.Contains("is it a trace of this version?", trace.Errors, StringComparison.Ordinal);
        File.Delete(trace.Trace);
        Assert.Equal(2, trace.Run("--format", "table", "--sql", "SELECT 1"));
        Assert.StartsWith($"calltap: can't read {trace.Trace}: ", trace.Errors, StringComparison.Ordinal);
    }
}
