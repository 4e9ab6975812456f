using Calltap.Trace;

namespace Calltap.Tests.Trace;

/// <summary>Keeps the calls of one thread in the order they ended.</summary>
sealed class CallLog : ICallVisitor
{
    public List<Call> Calls { get; } = [];

    public long Entries { get; private set; }

    public void OnEntry(FunctionId function, int depth, long parent, TscTime start) => Entries++;

    public void OnCall(in Call call) => Calls.Add(call);
}
