using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>A report for people.</summary>
static class ReportText
{
    /// <summary>Prints the table and the totals.</summary>
    public static void Write(TraceReport report, Terminal terminal)
    {
        var table = new TextTable(">calls", ">total", ">self", ">min", ">avg", ">max", ">p50", ">p99", "function", "module");
        foreach (FunctionReport f in report.Functions)
            table.Add(
                Texts.Count(f.Calls), Texts.Time(f.TotalNs), Texts.Time(f.SelfNs), Texts.Time(f.MinNs), Texts.Time(f.AvgNs),
                Texts.Time(f.MaxNs), Texts.Time(f.P50Ns), Texts.Time(f.P99Ns), f.Name, f.Module);
        table.Write(terminal);
        string odd = report.OrphanExits + report.UnknownSites > 0
            ? $"; {Texts.Count(report.OrphanExits)} exits of calls that began earlier, {Texts.Of(report.UnknownSites, "event")} of unknown sites" : "";
        terminal.Out.WriteLine(
            $"# {Texts.Of(report.Events, "event")} of {Texts.Of(report.Threads, "thread")} in {Texts.Time(report.DurationNs)}; {Texts.Of(report.Lost, "call")} lost{odd}");
    }
}
