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
/// running one is looked at again for a millisecond, since most come by a system call or a breakpoint by themselves;
/// then it is interrupted (HAZARDS: an interruption can cut a system call short, so as few as possible).
/// </remarks>
sealed class ThreadObserver(WindowContext window)
{
    /// <summary>Looks from outside. True when the thread may be checked off.</summary>
    /// <param name="pid">Its process.</param>
    /// <param name="tid">The thread.</param>
    /// <param name="phase">What it is looked at for.</param>
    /// <param name="maySleepInClone">It waits in vfork, and its child is guarded. Otherwise a call that makes a process is no sleep.</param>
    public bool SeenAsleep(Pid pid, Tid tid, GuardPhase phase, bool maySleepInClone)
    {
        long before = ThreadLook.SwitchesOf(pid, tid);
        ThreadLook look = ThreadLook.At(pid, tid);
        if (look.Activity == ThreadActivity.Gone) return true;
        if (look.Activity == ThreadActivity.Running) return false;
        if (look.MakesProcess && !maySleepInClone) return false;
        // In no system call, a taken breakpoint would show as the byte behind a site.
        if (look.Activity == ThreadActivity.Blocked && window.KnownSites.Contains(look.Pc - 1)) return false;
        if (phase == GuardPhase.Enter || (phase == GuardPhase.Drain && window.Vacating is null)) return true;
        if (look.Activity == ThreadActivity.Blocked && window.Regions.FindInterior(look.Pc) >= 0) return false;
        ScanStack(tid, look.Pc, look.StackPointer, phase);
        return before >= 0 && ThreadLook.SwitchesOf(pid, tid) == before;
    }

    /// <summary>
    /// Looks at a stopped thread, and moves it out of a region it is in. True when it may be checked off.
    /// </summary>
    public bool SeenStopped(Tid tid, ref user_regs_struct registers, GuardPhase phase, ref TrapCounts counts, out bool changed)
    {
        changed = false;
        if (phase != GuardPhase.Clear)
        {
            ScanStack(tid, registers.rip, registers.rsp, phase);
            return true;
        }
        int region = window.Regions.FindInterior(registers.rip);
        if (region >= 0)
        {
            if (window.Regions.TryMove(region, registers.rip, out ulong destination))
            {
                registers.rip = destination;
                counts.Moved++;
                changed = true;
            }
            else
                window.Regions.Defer(region);
        }
        ScanStack(tid, registers.rip, registers.rsp, phase);
        return true;
    }

    void ScanStack(Tid tid, ulong pc, ulong stackPointer, GuardPhase phase)
    {
        if (phase == GuardPhase.Clear && window.HandlesSignals) window.Scan.Scan(tid, stackPointer, window.Regions);
        if (phase != GuardPhase.Drain || window.Vacating is not { } arenas) return;
        arenas.Found(pc);
        window.Scan.Scan(tid, stackPointer, arenas);
    }
}
