using Calltap.Native;

namespace Calltap.Target;

/// <summary>A system call that only our tracing made fail, and that a stopped thread makes again because we sent it back. One for each tracee, by whoever traces it.</summary>
internal struct RepeatedCall
{
    private ulong _at; // 0 when it makes none

    /// <summary>Sends a thread back to a call that failed because of us; whether there was one.</summary>
    /// <param name="tid">The thread, stopped.</param>
    /// <param name="registers">Its registers.</param>
    /// <param name="signal">The signal that it is stopped with; 0 when none.</param>
    internal bool TryMake(Tid tid, ref user_regs_struct registers, int signal)
    {
        bool made = RestartableCalls.TryRepeatAfterEintr(tid, ref registers, signal);
        _at = made ? registers.rip : 0;
        return made;
    }

    /// <summary>
    /// A signal is about to be delivered. One that the program ignores would not have come to it without us: the call that it made fail is made again.
    /// One that it handles ends a call that was to be made again because of us.
    /// </summary>
    /// <returns>Whether a call is made again.</returns>
    internal bool Settle(Tid tid, ref user_regs_struct registers, int signal)
    {
        if (_at == 0 || _at != registers.rip) return TryMake(tid, ref registers, signal);
        if (RestartableCalls.TryEndRepeatedCall(tid, ref registers, signal)) _at = 0;
        return false;
    }
}
