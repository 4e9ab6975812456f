using System.Runtime.CompilerServices;

namespace Calltap.Trace;

/// <summary>Notes the calls that need no thought, to be added up when all of a delivery have ended.</summary>
struct ReportSink(EndedCall[] calls, int count) : ICallSink
{
    /// <summary>How many there are now.</summary>
    public int Count { get; private set; } = count;

    /// <inheritdoc/>
    public readonly void Enter(in CallFrame call, long parent)
    {
        // Counted when the call ends, which every one does.
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave(in CallFrame call, long parent, ulong end, ulong ticks) =>
        calls[Count++] = new EndedCall(ticks, call.ChildTicks, call.Group, call.IsOutermost, call.HasUnknownChild);
}
