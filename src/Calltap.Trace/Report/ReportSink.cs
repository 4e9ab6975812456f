using System.Runtime.CompilerServices;

namespace Calltap.Trace;

/// <summary>Adds up the calls that need no thought.</summary>
readonly struct ReportSink(FunctionSums sums) : ICallSink
{
    /// <inheritdoc/>
    public void Enter(in CallFrame call, long parent)
    {
        // Counted when the call ends, which every one does.
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave(in CallFrame call, long parent, ulong end, ulong ticks)
    {
        ref FunctionTimes times = ref sums.Of(call.Group);
        if (call.HasUnknownChild)
            times.AddWithoutSelf(ticks, call.IsOutermost);
        else
            times.Add(ticks, CallTime.Between(call.ChildTicks, ticks), call.IsOutermost);
    }
}
