namespace Calltap.Trace;

/// <summary>
/// Receives the calls of one thread that need no thought: entries that nest, and exits of the innermost call. A struct, so that what it does is compiled into the loop
/// over the events; all other calls go to the <see cref="ICallVisitor"/>, in order with these.
/// </summary>
interface ICallSink
{
    /// <summary>As <see cref="ICallVisitor.OnEntry"/>.</summary>
    void Enter(in CallFrame call, long parent);

    /// <summary>The call ended by its exit at <paramref name="end"/>, after <paramref name="ticks"/>.</summary>
    void Leave(in CallFrame call, long parent, ulong end, ulong ticks);
}
