using System.CommandLine;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap info</c>: what a trace file is and what it holds; its events are not read.</summary>
static class InfoCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The trace." };
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        Option<bool> force = TraceFile.ForceOption();
        var command = new Command("info", "Say where and of what a trace was taken, and what it holds: processes, threads, modules, losses, clock, layout.") { file, json, force };
        command.SetAction(parsed =>
        {
            using TraceFile trace = TraceFile.Open(parsed.GetValue(file)!, parsed.GetValue(force));
            TraceInfo info = TraceInfo.Of(trace.Reader);
            if (parsed.GetValue(json))
            {
                InfoJson.Write(info, terminal.OutStream);
                terminal.Out.WriteLine();
            }
            else
            {
                InfoText.Write(info, terminal);
            }
            return trace.Conclude(terminal);
        });
        return command;
    }
}
