namespace Calltap.Trace;

/// <summary>Receives the calls of one thread. Every entry is followed by one end, inner calls first.</summary>
public interface ICallVisitor
{
    /// <summary>
    /// A call of <paramref name="function"/> was entered, <paramref name="depth"/> deep on its stack. Its <see cref="Call.Index"/> is the number of entries before;
    /// that of its caller is <paramref name="parent"/>, -1 where there is none.
    /// </summary>
    void OnEntry(FunctionId function, int depth, long parent, TscTime start);

    /// <summary>A call ended.</summary>
    void OnCall(in Call call);

    /// <summary>A call of <paramref name="function"/> ended whose entry is not in the trace: it began earlier, or its entry was lost.</summary>
    void OnOrphanExit(FunctionId function, TscTime time)
    {
        // Most visitors have no use for it.
    }
}
