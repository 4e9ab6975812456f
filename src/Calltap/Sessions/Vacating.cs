using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// Gives up what a session has mapped, once the window that disarms its last function has shown that no thread is in its
/// arenas. Sessions that ended before while a thread was in theirs are looked at again: else what they left would add up.
/// </summary>
sealed class Vacating
{
    const int Own = 0;

    readonly IReadOnlyList<SessionRemains> _sessions;

    /// <param name="target">The target.</param>
    /// <param name="own">The session that ends.</param>
    public Vacating(TargetProcess target, SessionRemains own)
    {
        _sessions = [own, .. LeftSession.FindAll(target)
            .Where(left => left.IsDetached && (!left.TracerIsAlive || left.Tracer.Value == Environment.ProcessId)) // else it may be at it itself
            .Select(left => left.Remains).Where(left => left.Session != own.Session)];
        Watch = new ArenaWatch([.. _sessions.Select(session => session.Arenas)]);
    }

    /// <summary>For the window.</summary>
    public ArenaWatch Watch { get; }

    /// <summary>Whether the session that ends stays mapped.</summary>
    /// <param name="batch">The window.</param>
    /// <param name="restored">Every byte is as it was.</param>
    public bool Keeps(BatchResult batch, bool restored) => Keeps(Own, batch) || !restored;

    /// <summary>Unmaps what nobody is in.</summary>
    public void Unmap(TargetProcess target, HelperThread helper, BatchResult batch, bool restored)
    {
        var calls = new HelperCalls(target, helper);
        using var writer = new TargetTextWriter(target);
        var faults = new FaultForwarding(target, writer);
        for (int i = 0; i < _sessions.Count; i++)
        {
            if (i == Own ? Keeps(batch, restored) : Keeps(i, batch)) continue;
            faults.Remove(calls, helper.CodeArea, _sessions[i].Arenas);
            _sessions[i].Unmap(calls);
        }
    }

    // Behind a breakpoint of the program's own, the handler may be on the way to the program's.
    bool Keeps(int session, BatchResult batch) => Watch.InUse(session) || batch.Traps.Foreign > 0;
}
