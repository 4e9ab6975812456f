using Calltap.Cli.Output;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary>What became of a command that was started to be traced.</summary>
static class CommandEnd
{
    /// <summary>Says how it ended, where there is something to say.</summary>
    public static void Report(TargetLauncher? launcher, bool ended, Terminal terminal)
    {
        if (launcher is null) return;
        if (!ended)
        {
            terminal.Note($"the command runs on as process {launcher.Pid}");
            return;
        }
        CommandExit exit = launcher.WaitForExit();
        if (exit.Signal != 0) terminal.Note($"the command was ended by signal {exit.Signal}");
        else if (exit.ExitCode != 0) terminal.Note($"the command ended with exit code {exit.ExitCode}");
    }
}
