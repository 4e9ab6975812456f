using Calltap.Target;

namespace Calltap.Cli;

/// <summary>What the tool's exit codes mean (docs/commands/README.md).</summary>
static class ExitCode
{
    /// <summary>Done. A closed output pipe counts as done.</summary>
    public const int Success = 0;

    /// <summary>Nothing matched or nothing was there to do, or the result is only a part.</summary>
    public const int Nothing = 1;

    /// <summary>It failed; one line on stderr says why.</summary>
    public const int Failed = 2;

    /// <summary>This machine does not allow it, or lacks something.</summary>
    public const int Unsupported = 3;

    /// <summary>The command line is wrong (EX_USAGE of sysexits.h).</summary>
    public const int Usage = 64;

    /// <summary>The code that goes with a refusal.</summary>
    public static int Of(AttachRefusal reason) =>
        reason is AttachRefusal.Yama or AttachRefusal.Unsupported ? Unsupported : Failed;
}
