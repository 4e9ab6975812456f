namespace Calltap.Trace;

/// <summary>Receives the calls of one thread. Every entry is followed by one end, inner calls first.</summary>
public interface ICallVisitor
{
    /// <summary>A call of <paramref name="function"/> was entered, <paramref name="depth"/> deep on its stack.</summary>
    void OnEntry(FunctionId function, int depth, TscTime start);

    /// <summary>A call ended.</summary>
    void OnCall(in Call call);
}
