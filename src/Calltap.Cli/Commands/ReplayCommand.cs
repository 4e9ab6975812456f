using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap replay</c>: the call tree, as ftrace's function_graph prints it.</summary>
static class ReplayCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The trace." };
        Option<ThreadChoice?> tid = ThreadChoice.Option();
        Option<TimeSpan?> time = OptionParsers.Duration("--time", "Leave out calls that took less, with what they called.");
        var flat = new Option<bool>("--flat") { Description = "One line an event, with its time, instead of nested calls." };
        Option<bool> force = TraceFile.ForceOption();
        var part = new ReadOptions();
        var command = new Command("replay", "Print the calls of each thread with their durations.") { file, tid, time, flat, force };
        part.AddTo(command);
        command.SetAction(parsed =>
        {
            using TraceFile trace = TraceFile.Open(parsed.GetValue(file)!, parsed.GetValue(force));
            ThreadChoice? choice = parsed.GetValue(tid);
            IReadOnlySet<Tid>? only = choice?.In(trace.Reader);
            if (only?.Count == 0) throw CommandException.Nothing($"no thread {choice} in this trace; it has {Threads(trace.Reader)}");
            var options = new ReplayOptions
            {
                Only = only,
                Window = part.Window(parsed, trace.Reader),
                Scope = part.Scope(parsed, trace.Reader.Catalog),
                MinTicks = parsed.GetValue(time) is { } least ? Math.Max(1, trace.Reader.Catalog.Clock.ToTicks(least.TotalNanoseconds)) : 0,
                IsFlat = parsed.GetValue(flat),
            };
            using (new ReadingProgress(terminal, trace.Reader, isStreamed: true))
                ReplayWriter.Write(trace.Reader, terminal.OutStream, options);
            return trace.Conclude(terminal);
        });
        return command;
    }

    /// <summary>The threads of a trace, as they may be asked for.</summary>
    static string Threads(TraceReader trace)
    {
        TraceCatalog catalog = trace.Catalog;
        bool isOfOne = catalog.Processes.Count <= 1;
        return string.Join(", ", trace.Threads.Select(thread => (Pid: catalog.PidOf(thread), Tid: catalog.TidOf(thread))).Distinct().OrderBy(t => t.Pid.Value).ThenBy(t => t.Tid.Value)
            .Select(t => isOfOne ? $"{t.Tid}" : $"{t.Pid}/{t.Tid}"));
    }
}
