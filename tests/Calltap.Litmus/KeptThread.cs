using System.Globalization;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Litmus;

/// <summary>
/// Keeps a thread of the program between its breakpoint and the report of it: a thread that goes before it on its CPU begins to
/// spin, and where /proc shows a SIGTRAP pending it spins on. (exit_to_user_mode_loop: a thread that is to give way does so first,
/// and takes its signals when it runs again.)
/// </summary>
sealed class KeptThread(HammerProgram program, TimeSpan atMost)
{
    const ulong Trap = 1 << (Signals.SIGTRAP - 1);
    static readonly TimeSpan s_nap = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan s_delivery = TimeSpan.FromSeconds(5);

    /// <summary>Whether a thread may be kept from running here: that takes a second CPU, and the right to a real-time policy.</summary>
    public static bool IsPossible
    {
        get
        {
            Tid here = SystemCall.CurrentThread();
            if (Environment.ProcessorCount < 2 || !Scheduling.MakeRealTime(here).Ok) return false;
            Scheduling.MakeOrdinary(here);
            return true;
        }
    }

    bool Holds => program.Control.Result(0) != 0 && HasReports && program.Control.Result(0) != 0;

    bool HasReports => program.Control.Threads.Any(thread => (PendingOf(thread.Tid) & Trap) != 0);

    /// <summary>Tries until a thread is kept; false when none was in a while.</summary>
    public bool TryKeep()
    {
        for (int i = 0; i < 100; i++)
        {
            program.Control.Work = (ulong)atMost.TotalMilliseconds;
            bool spins = Deadline.In(s_patience).Poll(() => program.Control.Result(0) != 0);
            if (spins && Holds) return true;
            Release();
            if (!spins) return false;
            Clock.Sleep(s_nap);
        }
        return false;
    }

    /// <summary>Lets it run.</summary>
    public void Release() => program.Control.Work = 0;

    /// <summary>Lets it run, and waits until no thread has a breakpoint to report any more.</summary>
    public void ReleaseAndAwait()
    {
        Release();
        Deadline.In(s_delivery).Poll(() => !HasReports);
    }

    ulong PendingOf(Tid tid)
    {
        string? line = ProcFiles.TryReadText(ProcFiles.Thread(program.Pid, tid, "status"))?
            .Split('\n').FirstOrDefault(line => line.StartsWith("SigPnd:", StringComparison.Ordinal));
        return line is null ? 0 : ulong.Parse(line.AsSpan("SigPnd:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
