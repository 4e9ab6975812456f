using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap status</c>: what is armed in a process.</summary>
static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        Option<int?> process = TargetOptions.ProcessOnly();
        var functions = new Option<bool>("--functions") { Description = "Each armed function: its ops, and the trampoline that serves it." };
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        var command = new Command("status", "Show what is armed in a process, by whom, and the traps that were answered.") { process, functions, json };
        command.SetAction(parsed =>
        {
            using TargetProcess target = TargetProcess.Open(new Pid(parsed.GetValue(process)!.Value));
            LeftSession session = SessionOf(target);
            var status = SessionStatus.Of(target, session, withNames: parsed.GetValue(functions));
            if (parsed.GetValue(json))
            {
                status.WriteJson(terminal.OutStream, parsed.GetValue(functions));
                terminal.Out.WriteLine();
            }
            else
            {
                status.Write(terminal.Out, parsed.GetValue(functions));
            }
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The session that has functions armed.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static LeftSession SessionOf(TargetProcess target) =>
        LeftSession.Find(target) is { IsDetached: false } session
            ? session
            : throw CommandException.Nothing($"nothing is armed in process {target.Pid} ({target.Name})");
}
