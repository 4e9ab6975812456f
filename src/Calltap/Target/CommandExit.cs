using Calltap.Native;

namespace Calltap.Target;

/// <summary>How a launched command ended.</summary>
/// <param name="ExitCode">Its exit code; 128 + the signal's number when a signal ended it, as a shell says it.</param>
/// <param name="Signal">The signal that ended it, or 0.</param>
public readonly record struct CommandExit(int ExitCode, int Signal)
{
    internal static CommandExit From(in siginfo_t report) =>
        report.si_code == Wait.CLD_EXITED ? new CommandExit(report.si_status, 0) : new CommandExit(128 + (report.si_status & 0x7f), report.si_status & 0x7f);
}
