using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Decides whether a thread has been seen where a phase wants it. Clear: it is outside every region and no saved
/// context of it points into one; from then on it can only come in through a head, where an int3 stands. Drain: no
/// trap of it is taken and undelivered.
/// </summary>
/// <remarks>
/// A sleeping thread is looked at without a stop: its pc and stack hold still as long as its count of runs does. A
/// running one is looked at again for a while, since most come by a system call or a breakpoint by themselves;
/// then it is interrupted (HAZARDS: an interruption can cut a system call short, so as few as possible).
/// </remarks>
sealed class ThreadObserver(WindowContext window)
{
    /// <summary>Looks from outside. True when the thread may be checked off.</summary>
    /// <param name="pid">Its process.</param>
    /// <param name="tid">The thread.</param>
    /// <param name="phase">What it is looked at for.</param>
    /// <param name="vforkChildIsGuarded">A child that it may wait for in vfork is guarded.</param>
    public bool SeenAsleep(Pid pid, Tid tid, GuardPhase phase, bool vforkChildIsGuarded)
    {
        long before = ThreadLook.SwitchesOf(pid, tid);
        ThreadLook look = ThreadLook.At(pid, tid);
        if (look.Activity == ThreadActivity.Gone) return true;
        if (look.Activity == ThreadActivity.Running || InTrapHandler(look.Pc)) return false;
        // Asleep in the making of a thread or process that may go unreported (Enter) or whose report has not been
        // served (Drain); only to wait for a vfork child is a sleep like any other.
        if (look.MakesProcess && phase != GuardPhase.Clear && !(vforkChildIsGuarded && look.MakesVforkChild(window.Target))) return false;
        // In no system call, a taken breakpoint would show as the byte behind a site.
        if (look.Activity == ThreadActivity.Blocked && window.KnownSites.Contains(look.Pc - 1)) return false;
        if (phase == GuardPhase.Enter || (phase == GuardPhase.Drain && window.Vacating is null)) return true;
        if (look.Activity == ThreadActivity.Blocked && window.Regions.FindInterior(look.Pc) >= 0) return false;
        ScanStack(tid, look.Pc, look.StackPointer, phase);
        return before >= 0 && ThreadLook.SwitchesOf(pid, tid) == before;
    }

    /// <summary>Looks at a stopped thread, and moves it out of a region it is in.</summary>
    /// <returns>Whether it may be checked off. Not in the trap handler: the pc that it was called at is still in its frame.</returns>
    public bool SeenStopped(Tid tid, ref user_regs_struct registers, GuardPhase phase, ref TrapCounts counts, out bool moved)
    {
        moved = false;
        if (InTrapHandler(registers.rip)) return false;
        int region = phase == GuardPhase.Clear ? window.Regions.FindInterior(registers.rip) : -1;
        if (region >= 0)
        {
            moved = window.Regions.TryMove(region, registers.rip, out ulong destination);
            if (moved)
            {
                registers.rip = destination;
                counts.Moved++;
            }
            else
                window.Regions.Defer(region);
        }
        ScanStack(tid, registers.rip, registers.rsp, phase);
        return true;
    }

    /// <summary>Whether a thread that was running at <paramref name="pc"/> may be checked off, as far as its pc tells.</summary>
    /// <param name="pc">Its pc.</param>
    /// <param name="phase">What it is looked at for.</param>
    /// <param name="inTrapHandler">Also in the trap handler.</param>
    public bool SeenRunning(ulong pc, GuardPhase phase, bool inTrapHandler = false) =>
        (inTrapHandler || !InTrapHandler(pc)) && !(phase == GuardPhase.Clear && window.Regions.FindInterior(pc) >= 0);

    /// <summary>Looks at a thread that stays stopped with a signal of the program's own: a region that it is in is left out, like any saved context's.</summary>
    public void SeeContext(Tid tid, in user_regs_struct registers, GuardPhase phase)
    {
        if (phase == GuardPhase.Clear) window.Regions.Found(registers.rip);
        ScanStack(tid, registers.rip, registers.rsp, phase);
    }

    bool InTrapHandler(ulong pc) => pc >= window.TrapHandler.Start.Value && pc < window.TrapHandler.End.Value;

    void ScanStack(Tid tid, ulong pc, ulong stackPointer, GuardPhase phase)
    {
        if (phase == GuardPhase.Clear && !window.Broken.HasFlag(BrokenRules.NoStackScan)) window.Scan.Scan(tid, stackPointer, window.Regions);
        if (phase != GuardPhase.Drain || window.Vacating is not { } arenas) return;
        arenas.Found(pc);
        window.Scan.Scan(tid, stackPointer, arenas);
    }
}
