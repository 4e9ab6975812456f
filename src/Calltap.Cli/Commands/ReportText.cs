using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>A report for people.</summary>
static class ReportText
{
    static readonly string[] s_numbers = [">calls", ">total", ">self", ">min", ">avg", ">max", ">p50", ">p99"];

    /// <summary>Prints the table and the totals.</summary>
    public static void Write(TraceReport report, Terminal terminal)
    {
        string[] which = report.By switch
        {
            ReportBy.Module => ["module"],
            ReportBy.Thread => [">tid", ">pid", "thread"],
            ReportBy.Caller => ["called from", "module"],
            _ => ["function", "module"],
        };
        var table = new TextTable([.. s_numbers, .. which]);
        foreach (FunctionReport f in report.Functions)
            table.Add([
                Texts.Count(f.Calls), Texts.Time(f.TotalNs), Texts.Time(f.SelfNs), Texts.Time(f.MinNs), Texts.Time(f.AvgNs),
                Texts.Time(f.MaxNs), Texts.Time(f.P50Ns), Texts.Time(f.P99Ns), .. Which(f, report.By)]);
        table.Write(terminal);
        string odd = report.OrphanExits + report.UnknownSites > 0
            ? $"; {Texts.Count(report.OrphanExits)} exits of calls that began earlier, {Texts.Of(report.UnknownSites, "event")} of unknown sites" : "";
        terminal.Out.WriteLine(
            $"# {Texts.Of(report.Events, "event")} of {Texts.Of(report.Threads, "thread")} in {Texts.Time(report.DurationNs)}; {Texts.Of(report.Lost, "call")} lost{odd}");
    }

    static string[] Which(FunctionReport line, ReportBy by) => by switch
    {
        ReportBy.Module => [line.Name],
        ReportBy.Thread => [$"{line.Tid}", $"{line.Pid}", line.Name],
        _ => [line.Name, line.Module],
    };
}
