using System.Text;
using System.Text.Json;
using Calltap.Trace;
using CsCheck;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

/// <summary>Reports by module, thread and caller, against the calls one by one.</summary>
public sealed class ReportByTests
{
    [Theory]
    [InlineData(ReportBy.Function)]
    [InlineData(ReportBy.Module)]
    [InlineData(ReportBy.Thread)]
    [InlineData(ReportBy.Caller)]
    public void A_report_equals_a_naive_computation_over_random_programs(ReportBy by) =>
        Gen.Int[0, 1 << 30].Sample(
            seed =>
            {
                RandomProgram[] programs = [new(seed), new(seed + 1)];
                foreach (RandomProgram program in programs)
                    program.Run(400);
                TraceReport report = Build(by, [.. programs.Select(program => program.Events.ToArray())]);
                var expected = programs.SelectMany((program, i) => Named(program, i, by)).GroupBy(call => call.Group)
                    .Select(group => (group.Key, (long)group.Count(), group.Where(call => call.IsOutermost).Sum(call => call.Ticks), group.Max(call => call.Ticks)))
                    .OrderBy(line => line.Key, StringComparer.Ordinal);
                Assert.Equal(expected, report.Functions.Select(f => (by == ReportBy.Thread ? $"{f.Tid}" : f.Name, f.Calls, f.TotalNs!.Value, f.MaxNs!.Value)).OrderBy(line => line.Item1, StringComparer.Ordinal));
                Assert.Equal(programs.Sum(program => program.Calls.Where(call => call.Depth == 0).Sum(call => (long)(call.End - call.Start))), report.Functions.Sum(f => f.SelfNs));
            },
            iter: 30);

    [Fact]
    public void The_json_and_the_csv_name_what_there_is_a_line_for()
    {
        TraceEvent[] events = [Entry(100, "main", 96), Entry(110, "f", 48), Exit(150, "f", 48), Exit(400, "main", 96)];
        Assert.Equal(
            "tid,pid,name,calls,total_ns,self_ns,min_ns,avg_ns,max_ns,p50_ns,p99_ns\n1,42,worker 1,2,300,300,40,170,300,40,300\n", Csv(Build(ReportBy.Thread, events)));
        Assert.Equal("name,calls,total_ns,self_ns,min_ns,avg_ns,max_ns,p50_ns,p99_ns\nprog,2,300,300,40,170,300,40,300\n", Csv(Build(ReportBy.Module, events)));
        Assert.Equal(
            "name,module,calls,total_ns,self_ns,min_ns,avg_ns,max_ns,p50_ns,p99_ns\n(no traced caller),,1,300,260,300,300,300,300,300\nmain,prog,1,40,40,40,40,40,40,40\n",
            Csv(Build(ReportBy.Caller, events)));
        Assert.Equal(("worker 1", 1, 42), Json(Build(ReportBy.Thread, events)).GetProperty("by_thread")[0] is var thread
            ? (thread.GetProperty("name").GetString(), thread.GetProperty("tid").GetInt32(), thread.GetProperty("pid").GetInt32()) : default);
        Assert.Equal("prog", Json(Build(ReportBy.Module, events)).GetProperty("modules")[0].GetProperty("name").GetString());
        Assert.Equal("main", Json(Build(ReportBy.Caller, events)).GetProperty("callers")[1].GetProperty("name").GetString());
    }

    [Fact]
    public void Functions_that_the_trace_does_not_describe_have_no_module()
    {
        using var file = new MemoryStream();
        using (var writer = new TraceWriter(file))
        {
            writer.WriteSites([new SiteRecord(new SiteId(1), new FunctionId(9), SiteKind.Entry), new SiteRecord(new SiteId(2), new FunctionId(9), SiteKind.Exit)]);
            writer.WriteEvents(new Tid(1), [new TraceEvent(new TscTime(5), new SiteId(1), 64), new TraceEvent(new TscTime(7), new SiteId(2), 64)]);
            writer.Finish();
        }

        using TraceReader reader = TraceReader.Open(file.ToArray(), "t");
        Assert.Equal(("(no module)", 1), ReportBuilder.Build(reader, by: ReportBy.Module).Functions.Single() is var line ? (line.Name, line.Calls) : default);
    }

    static IEnumerable<(string Group, bool IsOutermost, long Ticks)> Named(RandomProgram program, int thread, ReportBy by)
    {
        string GroupOf((int Function, int Depth, ulong Start, ulong End) call) => by switch
        {
            ReportBy.Module => "prog",
            ReportBy.Thread => $"{thread + 1}",
            ReportBy.Caller => call.Depth == 0 ? "(no traced caller)" : Functions[program.Calls.Single(c => c.Depth == call.Depth - 1 && c.Start < call.Start && c.End > call.End).Function].DisplayName,
            _ => Functions[call.Function].DisplayName,
        };
        foreach (var call in program.Calls)
        {
            bool isOutermost = !program.Calls.Exists(outer => outer.Start < call.Start && outer.End > call.End && GroupOf(outer) == GroupOf(call));
            yield return (GroupOf(call), isOutermost, (long)(call.End - call.Start));
        }
    }

    static string Csv(TraceReport report)
    {
        using var output = new StringWriter();
        ReportCsv.Write(report, output);
        return output.ToString();
    }

    static JsonElement Json(TraceReport report)
    {
        using var output = new MemoryStream();
        ReportJson.Write(report, output);
        return JsonDocument.Parse(Encoding.UTF8.GetString(output.ToArray())).RootElement;
    }

    static TraceReport Build(ReportBy by, TraceEvent[] events) => Build(by, [events]);

    static TraceReport Build(ReportBy by, TraceEvent[][] threads)
    {
        byte[] file = Write(w =>
        {
            for (int i = 0; i < threads.Length; i++)
            {
                w.WriteThreads([new ThreadRecord(new Tid(i + 1), $"worker {i + 1}")]);
                w.WriteEvents(new Tid(i + 1), threads[i]);
            }
        });
        using TraceReader reader = TraceReader.Open(file, "t");
        return ReportBuilder.Build(reader, by: by);
    }
}
