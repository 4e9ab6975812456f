using System.Diagnostics;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Sessions;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>
/// Takes finished events out of the rings and hands them to a sink, ring by ring. One thread. Nothing in the rings is
/// trusted: the target may have written anything.
/// </summary>
sealed class RingDrain
{
    const int BatchEvents = 32 * 1024;

    /// <summary>Of one ring in one round, a ring's worth: a thread that writes as fast as we read must not keep us from the others.</summary>
    const int MaxBatches = 8;

    static readonly TimeSpan s_holePatience = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan s_threadCheck = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan s_hurriedCheck = TimeSpan.FromMilliseconds(3); // where threads come faster than headers are free

    readonly TargetProcess _target;
    readonly SessionMemory _memory;
    readonly ThreadSlots _slots;
    readonly IEventSink _sink;
    readonly List<DrainedRing> _rings = [];
    readonly TraceEvent[] _batch = new TraceEvent[BatchEvents];
    readonly bool _namespaced;
    readonly Dictionary<Tid, LostCounts> _lostOf = [];
    long _aliveAt;
    long _lostEntries;
    long _lostExits;
    ulong _seen;

    public RingDrain(TraceSession session, IEventSink sink)
    {
        (_target, _memory, _slots, _sink) = (session.Target, session.Memory, session.ThreadSlots, sink);
        _namespaced = _target.ReadStatus(new Tid(_target.Pid.Value)) is { } leader && leader.NamespaceId != _target.Pid.Value;
    }

    /// <summary>Events taken so far.</summary>
    public long Events { get; private set; }

    /// <summary>Entry events that threads could not record, all rings and those without one.</summary>
    public long LostEntries => _lostEntries + Bounded(_memory.UnattributedEntries);

    /// <summary>Exit events that threads could not record.</summary>
    public long LostExits => _lostExits + Bounded(_memory.UnattributedExits);

    /// <summary>One round over all rings.</summary>
    /// <returns>Events taken.</returns>
    public long Round()
    {
        TakeNewRings();
        long before = Events;
        foreach (DrainedRing ring in _rings) Drain(ring);
        if (Stopwatch.GetElapsedTime(_aliveAt) > (_memory.IsScarce ? s_hurriedCheck : s_threadCheck)) RetireDeadThreads();
        return Events - before;
    }

    /// <summary>All that is left, then what was lost. No thread of the target writes any more.</summary>
    public void Finish()
    {
        Round();
        foreach (DrainedRing ring in _rings) Empty(ring);
        if (_memory.UnattributedEntries + _memory.UnattributedExits > 0)
            _sink.Lost(default, Bounded(_memory.UnattributedEntries), Bounded(_memory.UnattributedExits), 0);
    }

    /// <summary>A ring that nobody writes any more: everything in it, and every hole, is taken.</summary>
    void Empty(DrainedRing ring)
    {
        ulong start = ring.Reader.Tail, before;
        do
        {
            before = ring.Reader.Tail;
            Drain(ring); // may pass a hole itself
            SkipHoles(ring, sure: true);
        } while (ring.Reader.Tail != before && ring.Reader.Tail - start < (ulong)_memory.Layout.RingSize); // who writes on all the same does not keep us
        SkipLastHoles(ring);
        ReportLost(ring);
    }

    /// <summary>The last slots of a thread that ended in the midst of them: nothing comes behind. No more than handlers may nest.</summary>
    void SkipLastHoles(DrainedRing ring)
    {
        ulong head = _memory.Read(ring.Index, ThreadHeaderLayout.Head);
        for (int i = 0; i < EventLayout.SlackEvents && ring.Reader.SkipHole(_memory.Ring(ring.Index), head); i++) { }
    }

    void TakeNewRings()
    {
        ulong taken = Math.Min(_memory.Taken, _memory.Offered); // a hostile head can't make us look at more than was offered
        for (; _seen < taken; _seen++)
        {
            int index = _memory.OfferedAt(_seen);
            if (_rings.Any(ring => ring.Index == index)) continue;
            _rings.Add(new DrainedRing(index, _memory.Layout.RingSize));
        }
    }

    /// <summary>
    /// The order matters: what was lost is told between the events before the gap and those behind it, since the limit
    /// moves only afterwards.
    /// </summary>
    void Drain(DrainedRing ring)
    {
        if (ring.Owner.Value == 0 && (ring.Owner = _memory.Owner(ring.Index)).Value == 0) return;
        int count, batches = 0;
        do
        {
            ulong head = _memory.Read(ring.Index, ThreadHeaderLayout.Head);
            count = ring.Reader.Drain(_memory.Ring(ring.Index), head, _batch);
            if (count > 0) _sink.Events(ring.Owner, _batch.AsSpan(0, count));
            ReportLost(ring);
            _memory.Publish(ring.Index, ring.Reader.Tail);
            Events += count;
        } while (count == BatchEvents && ++batches < MaxBatches);
        SkipHoles(ring, sure: false);
    }

    /// <summary>
    /// A reserved slot whose writer never comes back blocks its ring: after a while, with later events behind it, it is
    /// given up and counted as lost. A late filler is recognised by its time.
    /// </summary>
    void SkipHoles(DrainedRing ring, bool sure)
    {
        ulong head = _memory.Read(ring.Index, ThreadHeaderLayout.Head);
        Span<byte> data = _memory.Ring(ring.Index);
        if (!ring.Reader.IsHole(data, head))
        {
            ring.HoleSince = 0;
            return;
        }
        if (ring.HoleSince == 0) ring.HoleSince = Stopwatch.GetTimestamp();
        if (!sure && Stopwatch.GetElapsedTime(ring.HoleSince) < s_holePatience) return;
        ring.HoleSince = 0;
        ring.Reader.SkipHole(data, head);
    }

    /// <summary>A thread that has ended: its ring is empty now, so its header can go round again.</summary>
    void RetireDeadThreads()
    {
        _aliveAt = Stopwatch.GetTimestamp();
        HashSet<Tid> alive = Alive();
        for (int i = _rings.Count - 1; i >= 0; i--)
        {
            DrainedRing ring = _rings[i];
            if (ring.Owner.Value == 0) continue;
            if (alive.Contains(ring.Owner) || !IsDead(ring.Owner)) // also a new thread of the same tid, which found the slot of the old one
            {
                ring.IsRetired = false;
                continue;
            }
            // Missing in one listing: nobody finds the ring any more. In the next one as well: nobody who had found it is left.
            if (!ring.IsRetired)
            {
                ring.IsRetired = _slots.Retire(ring.Owner);
                continue;
            }
            Empty(ring);
            _rings.RemoveAt(i);
            _memory.Offer(ring.Index);
        }
    }

    /// <summary>
    /// Whether a thread that a listing does not show has ended: one that is made while another thread is reaped may leave out a living one. In a
    /// container only the listing tells.
    /// </summary>
    bool IsDead(Tid owner) => _namespaced || Signals.Send(_target.Pid, owner, 0).Errno == Errno.ESRCH;

    /// <summary>The target's threads as its libc knows them: in a container their ids are others than here.</summary>
    HashSet<Tid> Alive() => _namespaced
        ? [.. _target.ReadThreads().Select(_target.ReadStatus).OfType<ProcStatus>().Select(status => new Tid(status.NamespaceId))]
        : [.. _target.ReadThreads()];

    void ReportLost(DrainedRing ring)
    {
        long entries = ReadCount(ring, ThreadHeaderLayout.LostEntries), exits = ReadCount(ring, ThreadHeaderLayout.LostExits);
        long holes = ring.Reader.SkippedHoles;
        if (entries == ring.LostEntries && exits == ring.LostExits && holes == ring.LostHoles) return;
        _lostEntries += entries - ring.LostEntries + holes - ring.LostHoles;
        _lostExits += exits - ring.LostExits;
        (ring.LostEntries, ring.LostExits, ring.LostHoles) = (entries, exits, holes);
        LostOf(ring.Owner).Add(ring);
        _sink.Lost(ring.Owner, _lostOf[ring.Owner].Entries, _lostOf[ring.Owner].Exits, _lostOf[ring.Owner].Holes);
    }

    /// <summary>A count kept by the target, below 2^48: sums of hostile ones can't overflow.</summary>
    long ReadCount(DrainedRing ring, int offset) => Bounded(_memory.Read(ring.Index, offset));

    static long Bounded(ulong count) => (long)(count & ((1ul << 48) - 1));

    LostCounts LostOf(Tid owner)
    {
        if (!_lostOf.TryGetValue(owner, out LostCounts? lost)) _lostOf.Add(owner, lost = new LostCounts());
        return lost;
    }

    /// <summary>What a thread lost in all its rings: a tid may claim one more than once.</summary>
    sealed class LostCounts
    {
        readonly Dictionary<DrainedRing, (long Entries, long Exits, long Holes)> _rings = [];

        public long Entries => _rings.Values.Sum(lost => lost.Entries);

        public long Exits => _rings.Values.Sum(lost => lost.Exits);

        public long Holes => _rings.Values.Sum(lost => lost.Holes);

        public void Add(DrainedRing ring) => _rings[ring] = (ring.LostEntries, ring.LostExits, ring.LostHoles);
    }
}
