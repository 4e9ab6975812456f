using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap detach</c>: ends a session from another process, also when its tracer has died.</summary>
static class DetachCommand
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        Option<int?> process = TargetOptions.ProcessOnly();
        var command = new Command("detach", "Disarm everything in a process: ends the calltap that traces it, or restores what a dead one left.") { process };
        command.SetAction(parsed =>
        {
            using TargetProcess target = TargetProcess.Open(new Pid(parsed.GetValue(process)!.Value));
            LeftSession session = StatusCommand.SessionOf(target);
            IReadOnlyList<SiteTableEntry> sites = session.ReadSites();
            string how = session.TracerIsAlive ? EndTracer(session, target) : Restore(session);
            int wrong = target.IsGone ? 0 : session.FindUnrestored(sites).Count;
            if (wrong > 0) throw CommandException.Failed($"{Texts.Of(wrong, "site")} of process {target.Pid} do not hold their original bytes");
            terminal.Out.WriteLine($"process {target.Pid} ({target.Name}): {how}; all bytes restored and verified ({Texts.Of(sites.Count, "site")})");
            return ExitCode.Success;
        });
        return command;
    }

    static string EndTracer(LeftSession session, TargetProcess target) =>
        session.AskTracerToDetach(s_patience)
            ? $"calltap (pid {session.Tracer}) ended its session"
            : throw CommandException.Failed($"process {target.Pid} is traced by calltap (pid {session.Tracer}), which did not end its session: end it by hand (kill {session.Tracer}), then detach again");

    static string Restore(LeftSession session)
    {
        BatchResult result = session.Restore();
        return $"{Texts.Of(result.Poked, "site")} of a calltap that is gone (pid {session.Tracer}) disarmed";
    }
}
