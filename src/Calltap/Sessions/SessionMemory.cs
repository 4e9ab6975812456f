using System.Text;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>
/// The tracer's view of the memory that it shares with the target: the session header, the queue of ready thread
/// headers, rings and counters. The target may write anything into it at any time; nothing read here is trusted.
/// </summary>
sealed class SessionMemory : IDisposable
{
    readonly SharedFile _file;

    public SessionMemory(SharedFile file, SessionMemoryLayout layout, TargetAddress address)
    {
        _file = file;
        Layout = layout;
        Address = address;
        Set(SessionHeader.Address, address.Value);
        Set(SessionHeader.Size, (ulong)layout.TotalSize);
        _file.Dword(SessionHeader.TracerPid) = Environment.ProcessId;
    }

    /// <summary>Its layout.</summary>
    public SessionMemoryLayout Layout { get; }

    /// <summary>Where it is in the target.</summary>
    public TargetAddress Address { get; }

    /// <summary>Writes a qword of the session header.</summary>
    public void Set(int offset, ulong value) => _file.Qword(offset) = value;

    /// <summary>Writes a dword of the session header.</summary>
    public void Set32(int offset, int value) => _file.Dword(offset) = value;

    /// <summary>The session header as it is now.</summary>
    public byte[] ReadHeader() => _file.At(0, LeftSession.HeaderSize).ToArray();

    /// <summary>From now on the session is found by others.</summary>
    public void Announce() => Set(SessionHeader.Magic, SessionHeader.MagicValue);

    /// <summary>Says what an op is called.</summary>
    public void SetOp(int index, int kind, string? name)
    {
        int at = SessionHeader.Ops + index * SessionHeader.OpSize;
        _file.Dword(at) = kind;
        _file.Dword(at + 4) = name is null ? 0 : 1;
        Span<byte> text = _file.At(at + 8, SessionHeader.OpNameSize);
        text.Clear();
        if (name is null) return;
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        utf8.AsSpan(0, Math.Min(utf8.Length, text.Length)).CopyTo(text);
    }

    /// <summary>Publishes the trap totals.</summary>
    public void SetTraps(in TrapCounts traps)
    {
        ReadOnlySpan<long> values =
        [
            traps.Hits, traps.EmulatedJumps, traps.EmulatedCalls, traps.EmulatedNops, traps.EmulatedReturns, traps.Late,
            traps.Foreign, traps.Moved, traps.Interrupted, traps.Restarted, traps.Misdirected,
            traps.AnsweredInTarget, traps.Parked, traps.Refused,
        ];
        for (int i = 0; i < values.Length; i++) Set(SessionHeader.TrapTotals + 8 * i, (ulong)values[i]);
    }

    /// <summary>Names the list by which the caller asks the ops about a site. One store: a thread sees the former list or this one.</summary>
    public void SetCaller(SiteId site, uint list) => // pairs with the load in TrampolineEmitter.LoadCallerList
        Volatile.Write(ref _file.Dword(Layout.CallerAt((int)site.Value)), (int)list);

    /// <summary>Calls that came to the caller and that every op refused.</summary>
    public ulong Refused => Volatile.Read(ref _file.Qword(SessionMemoryLayout.Refused));

    // ---- the queue of ready headers ----

    /// <summary>Headers taken by threads so far. The target's number: it may be anything.</summary>
    public ulong Taken => Volatile.Read(ref _file.Qword(SessionMemoryLayout.QueueHead));

    /// <summary>Headers offered so far.</summary>
    public ulong Offered { get; private set; }

    /// <summary>Offers every header of memory that nobody has used yet.</summary>
    public void OfferAll()
    {
        for (int index = 0; index < Layout.Capacity; index++)
        {
            SetFirstLimit(index);
            Enqueue(index);
        }
    }

    /// <summary>Offers a header again: its ring is emptied and its limit set.</summary>
    public void Offer(int index)
    {
        _file.At(Layout.HeaderAt(index), SessionMemoryLayout.HeaderSize).Clear();
        _file.Punch(Layout.RingAt(index), Layout.RingSize); // what a former owner may have left there is gone
        SetFirstLimit(index);
        Enqueue(index);
    }

    void Enqueue(int index)
    {
        ulong tail = Offered++; // kept here: the target may write anything over its own copy
        _file.Dword(QueueEntry(tail)) = index;
        // Pairs with the target's load of the tail before its load of the entry (ThreadLookupEmitter.Claim).
        Volatile.Write(ref _file.Qword(SessionMemoryLayout.QueueTail), tail + 1);
    }

    /// <summary>The header that was offered as number <paramref name="position"/>.</summary>
    public int OfferedAt(ulong position) => _file.Dword(QueueEntry(position)) & (Layout.Capacity - 1);

    long QueueEntry(ulong position) =>
        SessionMemoryLayout.Queue + 4L * (long)(position & (ulong)(Layout.Capacity - 1));

    void SetFirstLimit(int index) => _file.Qword(Layout.HeaderAt(index) + ThreadHeaderLayout.Limit) = LimitFor(0);

    // ---- a thread's header, ring and counters ----

    /// <summary>The limit that goes with a tail: slack is left for handlers nested between check and reservation.</summary>
    public ulong LimitFor(ulong tail) =>
        tail + (ulong)(Layout.RingSize - EventLayout.SlackEvents * EventLayout.Size);

    /// <summary>Lets the thread write up to a ring behind <paramref name="tail"/>.</summary>
    public void Publish(int index, ulong tail) =>
        Volatile.Write(ref _file.Qword(Layout.HeaderAt(index) + ThreadHeaderLayout.Limit), LimitFor(tail));

    /// <summary>A qword of a header.</summary>
    public ulong Read(int index, int offset) => Volatile.Read(ref _file.Qword(Layout.HeaderAt(index) + offset));

    /// <summary>The owner's tid, as libc knows it; 0 when it has not claimed the header, or wrote what is no tid.</summary>
    public Tid Owner(int index) => new(Math.Max(0, Volatile.Read(ref _file.Dword(Layout.HeaderAt(index) + ThreadHeaderLayout.Tid))));

    /// <summary>The ring's bytes.</summary>
    public Span<byte> Ring(int index) => _file.At(Layout.RingAt(index), Layout.RingSize);

    /// <summary>One counter of a thread.</summary>
    public ulong Counter(int index, int counter) => Volatile.Read(ref _file.Qword(Layout.CountersAt(index) + 8L * counter));

    /// <summary>Allocates the first pages of a ring; others come when they are written.</summary>
    public bool Allocate(int index, int bytes) => _file.Allocate(Layout.RingAt(index), bytes).Ok;

    /// <summary>Gives the memory of all rings back: what was not read is gone, and who still writes gets empty pages.</summary>
    public void DropRings()
    {
        for (int i = 0; i < (int)Math.Min(Offered, (ulong)Layout.Capacity); i++) _file.Punch(Layout.RingAt(i), Layout.RingSize);
    }

    /// <summary>Entry events that found no header.</summary>
    public ulong UnattributedEntries => Volatile.Read(ref _file.Qword(SessionMemoryLayout.UnattributedEntries));

    /// <summary>Exit events that found no header.</summary>
    public ulong UnattributedExits => Volatile.Read(ref _file.Qword(SessionMemoryLayout.UnattributedExits));

    /// <summary>Calls that found no header to be counted in.</summary>
    public ulong UnattributedCounts => Volatile.Read(ref _file.Qword(SessionMemoryLayout.UnattributedCounts));

    /// <summary>Whether few headers are left for threads to come.</summary>
    public bool IsScarce => Offered - Math.Min(Taken, Offered) < (ulong)Layout.Capacity / 4;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
