using Calltap.Modules;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap;

// The session of what a traced process has forked.
public sealed partial class TraceSession
{
    /// <summary>The session of a fork child: everything as in its parent's, but for the memory that it shares with its tracer.</summary>
    TraceSession(TraceSession parent, TargetProcess child, TargetTextWriter writer, TargetMemory memory)
    {
        (Target, _writer, _plan, _memory) = (child, writer, parent._plan, memory);
        Catalog = new FunctionCatalog(parent.Catalog);
        _registry = new SiteRegistry(parent._registry, child, writer, memory, _plan, Catalog);
        _ops = new OpTable(parent._ops, memory.Session, _plan.MaxFunctions);
        _lists = new OpLists(parent._lists, writer, memory.OpLists, _plan.OpListsSize);
        _table = new WindowTable(child, writer, memory.WindowTable);
        _poker = new TextPoker(child, writer, _table) { Policy = IInt3Policy.Of(_plan.Int3), WithoutPtrace = parent.WithoutPtrace };
        _poker.Know(_registry.Sites);
        ThreadSlots = new ThreadSlots(child, writer, memory.ThreadTable);
        _follower = FollowerOf(Catalog, parent._follower?.Pending ?? []);
    }

    /// <summary>
    /// Whether a process has a copy of this session as it is now: it was forked since functions were armed or disarmed last. What was forked while they were
    /// has its original bytes (I14), and a table that says otherwise.
    /// </summary>
    internal bool IsCopiedIn(TargetProcess child) =>
        IsFormerlyCopiedIn(child) && !WindowTable.IsOpen(child, _memory.WindowTable) && _registry.IsSameIn(child);

    /// <summary>Whether a process has a copy of this session as it is now, or was at some time.</summary>
    internal bool IsFormerlyCopiedIn(TargetProcess child)
    {
        TrampolineArena arena = _memory.Arenas.All[0]; // another session's trampolines look different: they know where its memory is
        var found = new byte[arena.Trampolines.Code.Length];
        return child.ReadMemory(arena.Start, found) == found.Length && arena.Trampolines.Code.Span.SequenceEqual(found);
    }

    /// <summary>
    /// Puts every byte back in what was forked before functions were armed or disarmed last, or meanwhile: by its own site table, which says what its text holds. It is attached to anew then.
    /// </summary>
    /// <param name="child">The child.</param>
    /// <param name="hold">Who holds it; null when it runs.</param>
    /// <exception cref="AttachException">It can't be traced.</exception>
    internal void RestoreIn(TargetProcess child, TargetHold? hold)
    {
        BatchResult result = new LeftSession(child, Memory.ReadHeader()).RestoreCopy(hold);
        if (result.Refused.Any(site => site.IsBreakpoint))
            throw new AttachException(AttachRefusal.Unsupported, $"process {child.Pid} ({child.Name}) was forked while breakpoints stood in its parent, and keeps some");
    }


    /// <summary>
    /// Takes over what the target has forked. The child has a copy of everything that is armed, which passes its calls on unrecorded: only the memory that a session shares with its
    /// tracer is not copied, and the table of threads is empty. Both are made anew, and the child is traced as its parent is, without a byte of text being
    /// written.
    /// </summary>
    /// <param name="child">The child; the session's to dispose from now on, the caller's when this throws.</param>
    /// <param name="hold">Who holds it; null when it runs.</param>
    /// <exception cref="AttachException">It can't be traced, or it was forked while functions were being armed or disarmed.</exception>
    public TraceSession Adopt(TargetProcess child, TargetHold? hold)
    {
        ArgumentNullException.ThrowIfNull(child);
        if (!IsCopiedIn(child))
            throw child.MemoryIsGone ? AttachChecks.Ended(child.Pid) : new AttachException(AttachRefusal.Unsupported, $"process {child.Pid} ({child.Name}) was forked while functions were being armed or disarmed");
        var writer = new TargetTextWriter(child);
        if (!_memory.TryReserveInFork(child, writer, _plan, hold))
            throw new AttachException(AttachRefusal.Unsupported, $"process {child.Pid} ({child.Name}) has mapped memory of its own where its parent shares some with the tracer");
        using HelperThread helper = HelperPlace.Start(child, writer, hold);
        TargetMemory memory = _memory.MapInFork(child, writer, helper, _plan);
        var session = new TraceSession(this, child, writer, memory) { Hold = hold };
        session.Open();
        helper.Exit();
        return session;
    }
}
