namespace Calltap.Trace;

/// <summary>One stack of calls, and what was spent in the innermost of them.</summary>
public sealed class StackNode
{
    internal StackNode(StackNode? parent, FunctionId? function, int number)
    {
        (Parent, Function, Number) = (parent, function, number);
        Depth = parent is null ? 0 : parent.Depth + 1;
    }

    /// <summary>The stack without the innermost call; null for the empty one.</summary>
    public StackNode? Parent { get; }

    /// <summary>The innermost function; null for the empty stack, and for the one that stands for all that were too many.</summary>
    public FunctionId? Function { get; }

    /// <summary>Its place among all; that of its parent is lower.</summary>
    public int Number { get; }

    /// <summary>Number of calls on it.</summary>
    public int Depth { get; }

    /// <summary>How many calls had this stack.</summary>
    public long Calls { get; private set; }

    /// <summary>Ticks that they spent in no traced call, as far as that is known.</summary>
    public ulong SelfTicks { get; private set; }

    internal void Add(in Call call)
    {
        Calls++;
        SelfTicks += call.SelfTicks ?? 0;
    }
}
