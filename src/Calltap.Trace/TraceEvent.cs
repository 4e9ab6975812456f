using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>One event of a thread, as the trampoline wrote it: 16 bytes, the same layout as a ring slot (docs/ring-buffer.md).</summary>
/// <param name="Time">When the trampoline read the time-stamp counter; never 0.</param>
/// <param name="Site">The site whose trampoline wrote the event; the site table says whether that is an entry or an exit.</param>
/// <param name="StackLow">Low 32 bits of rsp at the function's return slot: the same at the entry and at each exit of one call.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct TraceEvent(TscTime Time, SiteId Site, uint StackLow);
