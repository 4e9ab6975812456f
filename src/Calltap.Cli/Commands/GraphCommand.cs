using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap graph</c>: callers above, callees below, with shares.</summary>
static class GraphCommand
{
    const int UsualDepth = 6, MostDepth = 200;
    const int UsualShare = 1;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The trace." };
        var function = new Argument<string>("FUNCTION") { Description = "The function: name, name@module, with globs; several are taken for one." };
        Option<int?> depth = OptionParsers.Number("--depth", $"So many steps up and down, at most {MostDepth}. Default: {UsualDepth}.", "N", "-D");
        Option<int?> least = OptionParsers.Number("--min", $"Leave out what has a smaller share, in percent. Default: {UsualShare}.", "PERCENT");
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        var csv = new Option<bool>("--csv") { Description = "Lines of comma-separated values under a heading, for programs." };
        Option<bool> force = TraceFile.ForceOption();
        var part = new ReadOptions();
        var command = new Command("graph", "Show who calls a function and what it calls, with the share of each.") { file, function, depth, least, json, csv, force };
        part.AddWindowTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json) && parsed.GetValue(csv)) throw CommandException.Usage("--json and --csv can't be given together");
            using TraceFile trace = TraceFile.Open(parsed.GetValue(file)!, parsed.GetValue(force));
            List<FunctionId> functions = ReadOptions.Matches(parsed.GetValue(function)!, trace.Reader.Catalog);
            CallGraph graph;
            using (new ReadingProgress(terminal, trace.Reader))
                graph = CallGraph.Build(trace.Reader, functions, Math.Min(parsed.GetValue(depth) ?? UsualDepth, MostDepth), part.Window(parsed, trace.Reader));
            var writer = new GraphWriter(graph, trace.Reader.Catalog, (parsed.GetValue(least) ?? UsualShare) / 100.0);
            trace.RequireWhole();
            if (parsed.GetValue(json)) writer.WriteJson(terminal.OutStream);
            else if (parsed.GetValue(csv)) writer.WriteCsv(terminal.Out);
            else writer.WriteText(terminal);
            int code = trace.Conclude(terminal);
            return code == ExitCode.Success && graph.Callees.Calls == 0 ? ExitCode.Nothing : code;
        });
        return command;
    }
}
