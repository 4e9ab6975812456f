using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>What the guard knows of one thread.</summary>
struct GuardedThread
{
    public Tid Tid;

    /// <summary>The process it belongs to: the target, or one that shares its memory.</summary>
    public Pid Process;

    /// <summary>
    /// The present phase must see it: it was there when the phase began, or was found by a listing. One that reports
    /// itself later starts behind its maker's clone: outside every region, with no trap taken.
    /// </summary>
    public bool Known;

    /// <summary>Seen, in the present phase, where the phase wants it.</summary>
    public bool Observed;

    /// <summary>PTRACE_INTERRUPT was sent, and the stop it may lead to has not been seen.</summary>
    public bool Interrupted;

    /// <summary>It was sent in the present phase, and no stop has been seen since.</summary>
    public bool Asked;

    /// <summary>How often it was stopped in the trap handler, and when it may be interrupted again (Stopwatch ticks).</summary>
    public int Rests;

    /// <inheritdoc cref="Rests"/>
    public long RestsUntil;

    /// <summary>It was announced by its parent's stop and has not stopped itself yet: thread or fork child.</summary>
    public bool Expected;

    /// <summary>Announced by a fork: where memory can't be compared, it is taken for a copy.</summary>
    public bool IsFork;

    /// <summary>It stopped itself before its parent's stop announced it.</summary>
    public bool Unannounced;

    /// <summary>The child that runs on its memory while it waits in vfork; default when it made none.</summary>
    public Tid VforkChild;

    /// <summary>A group stop came between a breakpoint and its signal: it goes back into the stop once answered.</summary>
    public bool StopsAgain;

    /// <summary>It waits at a breakpoint for the last pass: stopped, its stop taken, its signal gone.</summary>
    public bool Parked;

    /// <summary>It blocked SIGTRAP when it was seized: the kernel unblocks it at a breakpoint.</summary>
    public bool BlocksTrap;

    /// <summary>Its signal mask when it was seized, SIGTRAP left out.</summary>
    public ulong Mask;

    /// <summary>A trap of its own is held back until the end of the window.</summary>
    public bool HeldBack;

    /// <summary>The call that it makes again because our interruption made it fail.</summary>
    public RepeatedCall Repeated;

    /// <summary>Its mask, before it can have hit a breakpoint.</summary>
    public void SawMask(ulong blocked)
    {
        BlocksTrap = (blocked & Signals.Bit(Signals.SIGTRAP)) != 0;
        Mask = blocked & ~Signals.Bit(Signals.SIGTRAP);
    }

    /// <summary>The thread has ended or left the target.</summary>
    public bool Gone;

    /// <summary>A fork child: its own copy of the text is being mended; not resumed before.</summary>
    public bool ForkChild;
}
