using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap report</c>: statistics of each function in a trace, or of each module, thread or caller.</summary>
static class ReportCommand
{
    static readonly string[] s_by = [.. Enum.GetNames<ReportBy>().Select(name => name.ToLowerInvariant())];

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The trace." };
        Option<string> sort = new Option<string>("--sort") { Description = "The column to sort by.", DefaultValueFactory = _ => ReportOrder.Default }
            .AcceptOnlyFromAmong(ReportOrder.Keys);
        Option<int?> top = OptionParsers.Number("--top", "Show only so many lines.", "N");
        Option<string> by = new Option<string>("--by") { Description = "What there is a line for.", DefaultValueFactory = _ => s_by[0] }.AcceptOnlyFromAmong(s_by);
        Option<bool> force = TraceFile.ForceOption();
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        var csv = new Option<bool>("--csv") { Description = "Lines of comma-separated values under a heading, for programs." };
        var part = new ReadOptions();
        var command = new Command("report", "Show calls, total and self time, minimum, mean, maximum and percentiles of each function, module, thread or caller.") { file, by, sort, top, json, csv, force };
        part.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json) && parsed.GetValue(csv)) throw CommandException.Usage("--json and --csv can't be given together");
            using TraceFile trace = TraceFile.Open(parsed.GetValue(file)!, parsed.GetValue(force));
            TraceReport all;
            using (new ReadingProgress(terminal, trace.Reader))
                all = ReportBuilder.Build(trace.Reader, part.Window(parsed, trace.Reader), part.Scope(parsed, trace.Reader.Catalog), (ReportBy)Array.IndexOf(s_by, parsed.GetValue(by)));
            trace.RequireWhole();
            TraceReport report = ReportOrder.Sorted(all, parsed.GetValue(sort)!, parsed.GetValue(top) ?? int.MaxValue);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(report, terminal.OutStream);
                terminal.Out.WriteLine();
            }
            else if (parsed.GetValue(csv))
            {
                ReportCsv.Write(report, terminal.Out);
            }
            else
            {
                ReportText.Write(report, terminal);
            }
            return trace.Conclude(terminal);
        });
        return command;
    }
}
