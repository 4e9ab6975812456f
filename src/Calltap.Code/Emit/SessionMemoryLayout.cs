namespace Calltap.Code.Emit;

/// <summary>
/// The memory shared by tracer and target: a session header, the queue of ready thread headers, the thread headers,
/// then rings and counters at fixed strides. One sparse memfd: only touched pages exist.
/// </summary>
/// <remarks>
/// <code>
/// +0    magic, +8 version, +16.. what status and detach need (SessionHeader in Calltap)
/// +1024 queue head   qword, counts headers taken; moved by the target with lock cmpxchg
/// +1088 queue tail   qword, counts headers offered; moved by the tracer
/// +1152 unattributed qwords: entries, exits and counts lost because no header was left (lock inc)
/// +1176 refused      qword: calls of the caller that every op refused (lock inc)
/// +4096 queue        dwords: indices of ready headers, at position &amp; (Capacity - 1)
/// then  headers      128 bytes each
/// then  rings, then counters
/// then  callers      dwords: the number of each site's list for the caller, by the site's id
/// </code>
/// </remarks>
/// <param name="Capacity">Thread headers, rings and counter blocks: a power of two.</param>
/// <param name="RingSize">Bytes of one ring: a power of two.</param>
/// <param name="CounterCapacity">Counters (8 bytes each) of one thread.</param>
/// <param name="Sites">Sites that the caller has lists for.</param>
public sealed record SessionMemoryLayout(int Capacity, int RingSize, int CounterCapacity, int Sites = 0)
{
    /// <summary>Offset of the queue's head.</summary>
    public const int QueueHead = 1024;

    /// <summary>Offset of the queue's tail.</summary>
    public const int QueueTail = 1088;

    /// <summary>Offset of the number of entry events that found no header.</summary>
    public const int UnattributedEntries = 1152;

    /// <summary>Offset of the number of exit events that found no header.</summary>
    public const int UnattributedExits = 1160;

    /// <summary>Offset of the number of calls that found no header to be counted in.</summary>
    public const int UnattributedCounts = 1168;

    /// <summary>Offset of the number of calls that every op refused.</summary>
    public const int Refused = 1176;

    /// <summary>Offset of the queue's entries.</summary>
    public const int Queue = 4096;

    /// <summary>Bytes of a thread header.</summary>
    public const int HeaderSize = 128;

    /// <summary>Offset of the first thread header.</summary>
    public long Headers => PageUp(Queue + 4L * Capacity);

    /// <summary>Offset of the first ring.</summary>
    public long Rings => PageUp(Headers + (long)HeaderSize * Capacity);

    /// <summary>Offset of the first counter block.</summary>
    public long Counters => Rings + (long)RingSize * Capacity;

    /// <summary>Bytes of one thread's counters.</summary>
    public long CounterStride => PageUp(8L * CounterCapacity);

    /// <summary>Offset of the list numbers.</summary>
    public long Callers => Counters + CounterStride * Capacity;

    /// <summary>Bytes of the whole.</summary>
    public long TotalSize => Callers + PageUp(sizeof(int) * (long)Sites);

    /// <summary>Offset of the header with this index.</summary>
    public long HeaderAt(int index) => Headers + (long)HeaderSize * index;

    /// <summary>Offset of the ring with this index.</summary>
    public long RingAt(int index) => Rings + (long)RingSize * index;

    /// <summary>Offset of the counters with this index.</summary>
    public long CountersAt(int index) => Counters + CounterStride * index;

    /// <summary>Offset of the list number of the site with this id.</summary>
    public long CallerAt(int site) => Callers + sizeof(int) * (long)site;

    static long PageUp(long value) => (value + 4095) & ~4095L;
}
