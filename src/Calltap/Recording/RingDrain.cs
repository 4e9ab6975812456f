using Calltap.Code.Emit;
using Calltap.Sessions;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>
/// Takes finished events out of the rings and hands them to a sink, ring by ring. One thread. Nothing in the rings is
/// trusted: the target may have written anything.
/// </summary>
sealed class RingDrain
{
    /// <summary>Events taken at a time.</summary>
    public const int BatchEvents = 32 * 1024;

    /// <summary>Of one ring in one round, a ring's worth: a thread that writes as fast as we read must not keep us from the others.</summary>
    const int MaxBatches = 8;

    static readonly TimeSpan s_holePatience = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan s_threadCheck = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan s_hurriedCheck = TimeSpan.FromMilliseconds(3); // where threads come faster than headers are free

    readonly SessionMemory _memory;
    readonly IRingOwners _owners;
    readonly IEventSink _sink;
    readonly TimeProvider _clock;
    readonly List<DrainedRing> _rings = [];
    readonly TraceEvent[] _batch;
    readonly Dictionary<Tid, LostCounts> _lostOf = [];
    long _aliveAt;
    long _lostEntries;
    long _lostExits;
    ulong _seen;

    /// <summary>Drains a session.</summary>
    /// <param name="memory">Its memory.</param>
    /// <param name="owners">Its threads.</param>
    /// <param name="sink">Where events go.</param>
    /// <param name="clock">The time.</param>
    /// <param name="batch">Room for <see cref="BatchEvents"/>, which others may use as well between rounds.</param>
    public RingDrain(SessionMemory memory, IRingOwners owners, IEventSink sink, TimeProvider clock, TraceEvent[] batch) =>
        (_memory, _owners, _sink, _clock, _batch) = (memory, owners, sink, clock, batch);

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
        if (_clock.GetElapsedTime(_aliveAt) > (_memory.IsScarce ? s_hurriedCheck : s_threadCheck)) RetireDeadThreads();
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
        int holes = 0;
        do
        {
            before = ring.Reader.Tail;
            Drain(ring); // may pass a hole itself
            if (holes++ < EventLayout.SlackEvents) SkipHoles(ring, sure: true);
            else TakeRiddled(ring);
        } while (ring.Reader.Tail != before && ring.Reader.Tail - start < (ulong)_memory.Layout.RingSize); // who writes on all the same does not keep us
        SkipLastHoles(ring);
        ReportLost(ring);
    }

    /// <summary>
    /// More holes than handlers may nest: none of our trampolines made them. What lies between them is taken together, and told of as lost
    /// behind it: a record for each would make a file of nothing else.
    /// </summary>
    void TakeRiddled(DrainedRing ring)
    {
        ulong head = _memory.Read(ring.Index, ThreadHeaderLayout.Head);
        Span<byte> data = _memory.Ring(ring.Index);
        int count = 0;
        while (ring.Reader.IsHole(data, head) && count < _batch.Length && ring.Reader.SkipHole(data, head))
            count += ring.Reader.Drain(data, head, _batch.AsSpan(count));
        if (count > 0) _sink.Events(ring.Owner, _batch.AsSpan(0, count));
        Events += count;
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
        if (ring.HoleSince == 0) ring.HoleSince = _clock.GetTimestamp();
        if (!sure && _clock.GetElapsedTime(ring.HoleSince) < s_holePatience) return;
        ring.HoleSince = 0;
        ring.Reader.SkipHole(data, head);
    }

    /// <summary>A thread that has ended: its ring is empty now, so its header can go round again.</summary>
    void RetireDeadThreads()
    {
        _aliveAt = _clock.GetTimestamp();
        IReadOnlySet<Tid> alive = _owners.Listed();
        for (int i = _rings.Count - 1; i >= 0; i--)
        {
            DrainedRing ring = _rings[i];
            if (ring.Owner.Value == 0) continue;
            if (alive.Contains(ring.Owner) || !_owners.IsDead(ring.Owner)) // also a new thread of the same tid, which found the slot of the old one
            {
                ring.IsRetired = false;
                continue;
            }
            // Missing in one listing: nobody finds the ring any more. In the next one as well: nobody who had found it is left.
            if (!ring.IsRetired)
            {
                ring.IsRetired = _owners.Retire(ring.Owner);
                continue;
            }
            Empty(ring);
            _lostOf.GetValueOrDefault(ring.Owner)?.Settle(ring);
            _rings.RemoveAt(i);
            _memory.Offer(ring.Index);
        }
    }

    void ReportLost(DrainedRing ring)
    {
        long entries = ReadCount(ring, ThreadHeaderLayout.LostEntries), exits = ReadCount(ring, ThreadHeaderLayout.LostExits);
        long holes = ring.Reader.SkippedHoles;
        if (entries == ring.LostEntries && exits == ring.LostExits && holes == ring.LostHoles) return;
        _lostEntries += entries - ring.LostEntries + holes - ring.LostHoles;
        _lostExits += exits - ring.LostExits;
        (ring.LostEntries, ring.LostExits, ring.LostHoles) = (entries, exits, holes);
        LostCounts lost = LostOf(ring.Owner);
        lost.Add(ring);
        _sink.Lost(ring.Owner, lost.Entries, lost.Exits, lost.Holes);
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
        readonly List<DrainedRing> _rings = [];
        long _entries, _exits, _holes; // in the rings that others have now

        public long Entries => _entries + _rings.Sum(ring => ring.LostEntries);

        public long Exits => _exits + _rings.Sum(ring => ring.LostExits);

        public long Holes => _holes + _rings.Sum(ring => ring.LostHoles);

        public void Add(DrainedRing ring)
        {
            if (!_rings.Contains(ring)) _rings.Add(ring);
        }

        /// <summary>The ring's counts are final; it is not kept.</summary>
        public void Settle(DrainedRing ring)
        {
            if (!_rings.Remove(ring)) return;
            _entries += ring.LostEntries;
            _exits += ring.LostExits;
            _holes += ring.LostHoles;
        }
    }
}
