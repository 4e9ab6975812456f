using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap diff</c>: two traces, or two parts of one, function by function.</summary>
static class DiffCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var before = new Argument<string>("A") { Description = "The trace to compare with." };
        var after = new Argument<string?>("B") { Description = "The trace to compare. Default: the same.", Arity = ArgumentArity.ZeroOrOne };
        Option<(TimeSpan? From, TimeSpan? To)?> partA = OptionParsers.Part("--a", "Only this part of A, counted from its first event."), partB = OptionParsers.Part("--b", "Only this part of B.");
        Option<string> sort = new Option<string>("--sort") { Description = "The number whose change to sort by, the largest first.", DefaultValueFactory = _ => DiffTable.DefaultKey }
            .AcceptOnlyFromAmong([.. DiffTable.Keys]);
        Option<int?> top = OptionParsers.Number("--top", "Show only so many functions.", "N");
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        var csv = new Option<bool>("--csv") { Description = "Lines of comma-separated values under a heading, for programs." };
        Option<bool> force = TraceFile.ForceOption();
        var command = new Command("diff", "Show what has changed between two traces, or two parts of one: calls, total, self, 99th percentile.") { before, after, partA, partB, sort, top, json, csv, force };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json) && parsed.GetValue(csv)) throw CommandException.Usage("--json and --csv can't be given together");
            if (parsed.GetValue(after) is null && parsed.GetValue(partA) is null && parsed.GetValue(partB) is null)
                throw CommandException.Usage("give a second trace, or parts of the first by --a and --b");
            bool isForced = parsed.GetValue(force);
            using TraceFile a = TraceFile.Open(parsed.GetValue(before)!, isForced), b = TraceFile.Open(parsed.GetValue(after) ?? parsed.GetValue(before)!, isForced);
            TraceReport first = Report(a, parsed.GetValue(partA), "--a", terminal), second = Report(b, parsed.GetValue(partB), "--b", terminal);
            var table = new DiffTable(ReportDifference.Between(first, second), parsed.GetValue(sort)!, parsed.GetValue(top) ?? int.MaxValue);
            if (parsed.GetValue(json)) table.WriteJson(terminal.OutStream);
            else if (parsed.GetValue(csv)) table.WriteCsv(terminal.Out);
            else table.WriteText(terminal);
            return Math.Max(a.Conclude(terminal), b.Conclude(terminal));
        });
        return command;
    }

    static TraceReport Report(TraceFile trace, (TimeSpan? From, TimeSpan? To)? part, string option, Terminal terminal)
    {
        TimeWindow window = ReadOptions.WindowOf(trace.Reader, part?.From, part?.To) ?? throw CommandException.Nothing($"{option} begins behind the last event of the trace");
        TraceReport report;
        using (new ReadingProgress(terminal, trace.Reader))
            report = ReportBuilder.Build(trace.Reader, window);
        trace.RequireWhole();
        return report;
    }
}
