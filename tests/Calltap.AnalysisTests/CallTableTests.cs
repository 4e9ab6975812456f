using System.Globalization;
using Calltap.Trace;

namespace Calltap.AnalysisTests;

/// <summary>The rows are the calls and events that the file holds, however the engine reads them.</summary>
public sealed class CallTableTests
{
    /// <summary>Against the report, which adds up the same calls by its own code.</summary>
    [Fact]
    public void Sums_are_those_of_the_report()
    {
        byte[] file = ForestTrace.Write(threads: 5, events: 30_000);
        using var trace = new QueryRunner(file);
        using TraceReader reader = TraceReader.Open(file, "t");
        string[] expected = [.. ReportBuilder.Build(reader).Functions.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Name},{f.Module},{f.Calls},{f.TotalNs},{f.SelfNs},{f.MinNs},{f.MaxNs}")).Order(StringComparer.Ordinal)];
        Assert.Equal(0, trace.Run("--format", "csv", "--sql", "SELECT function, module, count(*), sum(duration) FILTER (outermost), sum(self), min(duration), max(duration) FROM calls GROUP BY ALL"));
        Assert.Equal(expected, trace.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Order(StringComparer.Ordinal));
        Assert.True(expected.Length > 3);
    }

    [Fact]
    public void Every_event_is_a_row()
    {
        byte[] file = ForestTrace.Write(threads: 3, events: 20_000);
        using var trace = new QueryRunner(file);
        using TraceReader reader = TraceReader.Open(file, "t");
        Assert.Equal($"{reader.Events}", trace.Value("SELECT count(*) FROM events"));
        Assert.Equal($"{reader.Threads.Count}", trace.Value("SELECT count(*) FROM threads"));
        Assert.Equal($"{reader.Events}", trace.Value("SELECT sum(events) FROM threads"));
        Assert.Equal(trace.Value("SELECT count(*) FROM events WHERE kind = 'entry'"), trace.Value("SELECT count(*) FROM calls"));
    }

    [Fact]
    public void A_parent_is_the_call_around_it()
    {
        using var trace = new QueryRunner(ForestTrace.Write(threads: 4, events: 30_000));
        Assert.Equal("0", trace.Value("SELECT count(*) - count(DISTINCT id) FROM calls"));
        Assert.Equal("0", trace.Value("SELECT count(*) FROM calls c JOIN calls p ON p.id = c.parent WHERE p.thread <> c.thread OR p.depth <> c.depth - 1 OR p.start > c.start OR p.start + p.duration < c.start + c.duration - 1"));
        Assert.Equal("0", trace.Value("SELECT count(*) FROM calls WHERE (parent IS NULL) <> (depth = 0)"));
        Assert.Equal("0", trace.Value("SELECT count(*) FROM calls c ANTI JOIN calls p ON p.id = c.parent WHERE c.parent IS NOT NULL"));
        Assert.NotEqual("0", trace.Value("SELECT count(*) FROM calls c JOIN calls p ON p.id = c.parent"));
    }

    /// <summary>A file read twice at once: decoded, and loaded, of which some columns only.</summary>
    [Fact]
    public void A_loaded_table_has_the_same_rows()
    {
        using var trace = new QueryRunner(ForestTrace.Write(threads: 3, events: 20_000));
        const string rows = "SELECT * FROM calls ORDER BY id;\n";
        Assert.Equal(0, trace.Type(rows, "--format", "table"));
        string decoded = trace.Output;
        Assert.True(decoded.Length > 100_000);
        Assert.Equal(0, trace.Type($".load\n{rows}", "--format", "table"));
        Assert.Equal(decoded, trace.Output);
        const string joined = "SELECT count(*) FROM calls a JOIN calls b ON a.parent = b.id JOIN calls c ON b.parent = c.id;\n"; // three reads: two columns are loaded
        Assert.Equal(0, trace.Type(joined, "--format", "table"));
        string count = trace.Output;
        Assert.Equal(0, trace.Type($"{joined}{rows}", "--format", "table"));
        Assert.Equal(count + decoded, trace.Output);
    }

    /// <summary>What an expression needs that nobody reads is not loaded, and has its type all the same.</summary>
    [Fact]
    public void Columns_that_are_not_loaded_keep_their_types()
    {
        using var trace = new QueryRunner(ForestTrace.Write(threads: 1, events: 2_000));
        const string unread = "(SELECT id, parent, lower(function) AS l, duration + self AS d, date_trunc('day', make_date(depth, 1, 1)) AS t, NOT outermost AS o FROM calls)";
        Assert.Equal(trace.Value("SELECT count(*) FROM calls WHERE depth > 1"), trace.Value($"SELECT count(*) FROM {unread} a JOIN {unread} b ON a.parent = b.id JOIN {unread} c ON b.parent = c.id"));
    }

    [Fact]
    public void What_is_not_wanted_any_more_is_not_read_on()
    {
        using var trace = new QueryRunner(ForestTrace.Write(threads: 2, events: 400_000));
        Assert.Equal("n\n1\n", trace.Ask("SELECT 1 AS n FROM calls LIMIT 1"));
        Assert.Equal("n\n1\n", trace.Ask("SELECT 1 AS n WHERE EXISTS (FROM events)"));
    }

    /// <summary>More names than one byte or two can number, and a function that the file does not describe.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(300)]
    [InlineData(70_000)]
    public void Names_are_right_however_many_there_are(int functions)
    {
        using var trace = new QueryRunner(ForestTrace.OneCallEach(functions));
        Assert.Equal($"{functions}", trace.Value("SELECT count(*) FROM calls c JOIN functions f ON f.id = c.function_id WHERE c.function = f.name AND c.module = f.module"));
        Assert.Equal("1", trace.Value($"SELECT count(*) FROM calls WHERE function IS NULL AND module IS NULL AND function_id = {functions}"));
        Assert.Equal($"f{functions - 1}", trace.Value($"SELECT function FROM calls WHERE function_id = {functions - 1}"));
        Assert.Equal("2", trace.Value("SELECT count(*) FROM events WHERE kind = 'unknown' AND function IS NULL AND function_id IS NULL"));
    }

    [Fact]
    public void Threads_of_several_processes_are_told_apart()
    {
        using var trace = new QueryRunner(ForestTrace.TwoProcesses());
        Assert.Equal(0, trace.Run("--format", "csv", "--sql", "SELECT t.id, t.tid, t.pid, t.process, count(c.id) AS calls FROM threads t LEFT JOIN calls c ON c.thread = t.id GROUP BY ALL ORDER BY pid"));
        Assert.Equal("id,tid,pid,process,calls\n7,7,10,make,1\n4194304,7,20,cc,2\n", trace.Output);
    }
}
