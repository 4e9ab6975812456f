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
        Option<int?> tid = OptionParsers.Number("--tid", "Only this thread.", "TID");
        var part = new ReadOptions();
        var command = new Command("replay", "Print the calls of each thread with their durations.") { file, tid };
        part.AddTo(command);
        command.SetAction(parsed =>
        {
            using TraceFile trace = TraceFile.Open(parsed.GetValue(file)!);
            Tid? only = parsed.GetValue(tid) is { } number ? new Tid(number) : null;
            if (only is { } wanted && !trace.Reader.Threads.Contains(wanted))
                throw CommandException.Nothing($"no thread {wanted} in this trace; it has {string.Join(", ", trace.Reader.Threads.OrderBy(t => t))}");
            ReplayWriter.Write(trace.Reader, terminal.Out, only, part.Window(parsed, trace.Reader), part.Scope(parsed, trace.Reader.Catalog));
            return trace.Conclude(terminal);
        });
        return command;
    }
}
