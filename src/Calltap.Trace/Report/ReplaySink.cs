namespace Calltap.Trace;

/// <summary>Prints the calls that need no thought.</summary>
readonly struct ReplaySink(ReplayThread thread) : ICallSink
{
    /// <inheritdoc/>
    public void Enter(in CallFrame call, long parent) => thread.Enter(call.Function, call.Depth, call.Start);

    /// <inheritdoc/>
    public void Leave(in CallFrame call, long parent, ulong end, ulong ticks) => thread.Leave(call.Told, call.Function, call.Depth, call.Start, ticks, EndedBy.Exit, end);
}
