using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>A slot as two words: <see cref="Time"/> commits, <see cref="Payload"/> is the site id and the stack.</summary>
[StructLayout(LayoutKind.Sequential)]
struct RingSlot
{
    /// <summary>The TSC; 0 in a slot that is empty or reserved.</summary>
    public ulong Time;

    /// <summary>Site id in the low half, rsp in the high half.</summary>
    public ulong Payload;

    /// <summary>Whether the site id is set, as it is in every event of our trampolines.</summary>
    public readonly bool HasSite => (uint)Payload != 0;
}
