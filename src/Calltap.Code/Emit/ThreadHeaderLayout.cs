namespace Calltap.Code.Emit;

/// <summary>
/// The header of one thread's ring, 128 bytes in the shared session memory. The first line is what the fast path
/// touches; the second is written once, when a thread claims the header.
/// </summary>
/// <remarks>
/// <code>
/// +0  head          qword, bytes reserved since the start; moved by the thread with an unlocked xadd
/// +8  limit         qword, the head at which the ring is full; moved by the tracer
/// +16 lost entries  qword, entry events that found the ring full
/// +24 lost exits    qword, exit events that found the ring full
/// +64 tid           dword, the owner as libc knows it
/// </code>
/// </remarks>
public static class ThreadHeaderLayout
{
    /// <summary>Offset of the head.</summary>
    public const int Head = 0;

    /// <summary>Offset of the limit.</summary>
    public const int Limit = 8;

    /// <summary>Offset of the count of lost entry events.</summary>
    public const int LostEntries = 16;

    /// <summary>Offset of the count of lost exit events.</summary>
    public const int LostExits = 24;

    /// <summary>Offset of the owner's tid.</summary>
    public const int Tid = 64;
}
