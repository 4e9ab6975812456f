namespace Calltap.Code.Emit;

/// <summary>The 16 bytes a trampoline writes for an event.</summary>
/// <remarks>
/// <code>
/// +0  qword TSC, never 0, stored last: it commits the event
/// +8  dword site id, never 0
/// +12 dword low half of rsp at the return slot (where a `call` left the return address)
/// </code>
/// </remarks>
public static class EventLayout
{
    /// <summary>Bytes of an event.</summary>
    public const int Size = 16;

    /// <summary>Offset of the time.</summary>
    public const int Time = 0;

    /// <summary>Offset of the site id.</summary>
    public const int Site = 8;

    /// <summary>Offset of the stack position.</summary>
    public const int Stack = 12;

    /// <summary>
    /// Events between a published limit and the end of the ring: signal handlers nested between the check and the
    /// reservation of an event overrun the limit by one event each.
    /// </summary>
    public const int SlackEvents = 64;
}
