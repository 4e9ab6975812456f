using System.CommandLine;
using System.CommandLine.Parsing;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap export</c>: a trace in the format of another program.</summary>
static class ExportCommand
{
    const string Parquet = "parquet"; // by the program with the SQL engine: whole tables

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The trace." };
        Option<string> format = new Option<string>("--format") { Description = "What to write.", Required = true }
            .AcceptOnlyFromAmong([.. ExportFormats.All.Select(f => f.Name), Parquet]);
        var to = new Option<string?>("--output", "-o") { Description = "Where to; - or nothing: stdout, where the format can go there.", HelpName = "PATH" };
        Option<string?> weight = new Option<string?>("--weight") { Description = "What a stack weighs in folded and flamegraph: its own nanoseconds (self, the default), or calls.", HelpName = "self|calls" }
            .AcceptOnlyFromAmong("self", "calls");
        Option<ThreadChoice?> tid = ThreadChoice.Option();
        var part = new ReadOptions();
        var command = new Command("export", "Write a trace for another program: chrome://tracing, Perfetto, speedscope, flame graphs, trace-cmd, uftrace, Parquet.") { file, format, to, weight, tid };
        part.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(format) == Parquet) return WriteTables(parsed, parsed.GetValue(file)!, parsed.GetValue(to), [format, to]);
            ExportFormat chosen = ExportFormats.Of(parsed.GetValue(format)!);
            if (parsed.GetValue(weight) is not null && !chosen.HasWeight) throw CommandException.Usage($"--weight means nothing to --format {chosen.Name}");
            using TraceFile trace = TraceFile.Open(parsed.GetValue(file)!);
            using ExportOutput output = ExportOutput.For(terminal, parsed.GetValue(to), chosen);
            var request = new ExportRequest(trace.Reader, PartOf(trace.Reader, parsed.GetValue(tid), part, parsed), parsed.GetValue(weight) == "calls" ? StackWeight.Calls : StackWeight.Self);
            ExportTotals totals = chosen.Write(request, output);
            output.Finish();
            Conclude(terminal, output, totals);
            return trace.Conclude(terminal);
        });
        return command;
    }

    static int WriteTables(ParseResult parsed, string file, string? folder, IReadOnlyList<Option> known)
    {
        if (folder is null) throw CommandException.Usage($"--format {Parquet} needs -o DIR");
        if (parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(given => !given.Implicit && !known.Contains(given.Option)) is { } other)
            throw CommandException.Usage($"--format {Parquet} writes whole tables: {other.Option.Name} means nothing to it (see `calltap query`)");
        return AnalysisProgram.Become(["--file", file, "--format", Parquet, "--tables", folder]);
    }

    static ExportPart PartOf(TraceReader trace, ThreadChoice? choice, ReadOptions options, ParseResult parsed)
    {
        IReadOnlySet<Tid>? threads = choice?.In(trace);
        if (threads?.Count == 0) throw CommandException.Nothing($"no thread {choice} in this trace (see `calltap info`)");
        return new ExportPart { Threads = threads, Window = options.Window(parsed, trace), Scope = options.Scope(parsed, trace.Catalog) };
    }

    /// <summary>Says what was written, and what could not be. On stdout, where the results are, only the latter.</summary>
    static void Conclude(Terminal terminal, ExportOutput output, ExportTotals totals)
    {
        if (output.IsPath)
            terminal.Log.WriteLine($"{output.Name}: {Texts.Of(totals.Calls, "call")} of {Texts.Of(totals.Tracks, "track")}, {Texts.Size(output.Size)}");
        if (totals.UnknownEnds > 0)
            terminal.Note($"{Texts.Of(totals.UnknownEnds, "call")} without a known end: how long they took is not known");
        if (totals.OrphanExits > 0)
            terminal.Note($"{Texts.Of(totals.OrphanExits, "exit")} of calls that began earlier or whose entry was lost: left out");
        if (totals.LeftOut > 0)
            terminal.Note($"{Texts.Of(totals.LeftOut, "call")} too deep for the format: left out");
        if (totals.Lost > 0)
            terminal.Note($"{Texts.Of(totals.Lost, "call")} lost while recording");
    }
}
