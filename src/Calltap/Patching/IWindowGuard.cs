namespace Calltap.Patching;

/// <summary>
/// Who sees to it that no thread is harmed in a window: sees every thread where a step must be sure of all of them. Used by the thread that runs
/// the batch.
/// </summary>
interface IWindowGuard
{
    /// <summary>Whether the target ended or was replaced by exec while the window was open.</summary>
    bool TargetGone { get; }

    /// <summary>What was done; complete after <see cref="Close"/>.</summary>
    TrapCounts Counts { get; }

    /// <summary>Processes to mend before <see cref="Close"/>; complete after <see cref="GuardPhase.Drain"/>.</summary>
    ForkChildren ForkChildren { get; }

    /// <summary>Told that the kernel was found to have reset the action for SIGTRAP, before it is set again.</summary>
    void NoteActionReset();

    /// <summary>Before the first breakpoint.</summary>
    /// <exception cref="Target.AttachException">The target can't be guarded.</exception>
    /// <exception cref="TimeoutException">Not in time.</exception>
    void Open(TimeSpan deadline);

    /// <summary>Goes through a phase. False when the deadline passed.</summary>
    bool Run(GuardPhase phase, TimeSpan deadline);

    /// <summary>No breakpoint stands any more.</summary>
    void Close();
}
