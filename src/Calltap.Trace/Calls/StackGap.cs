namespace Calltap.Trace;

/// <summary>
/// Where a second stack lies among the frames of the one whose calls it interrupted, its host: between two of them (an array of
/// a caller holds it) or above them all. A stack is one piece of memory, so no return slot of the host's open calls is within it.
/// </summary>
sealed class StackGap
{
    readonly int _depth;
    readonly long _call;
    readonly int _use;

    /// <summary>The gap above the frame at <paramref name="depth"/> of <paramref name="host"/>.</summary>
    public StackGap(CallStack host, int depth) =>
        (Host, _depth, _call, _use) = (host, depth, host[depth].Index, host.Use);

    /// <summary>The stack that was interrupted.</summary>
    public CallStack Host { get; }

    /// <summary>
    /// Whether the stack lies outside its host's frames. Then its range is remembered when it has no open calls: the host can come
    /// there only by returning from all of them. Memory between frames is the host's again as soon as the inner one is gone.
    /// </summary>
    public bool IsApart => _depth == 0 && Host.Gap is null;

    /// <summary>Whether this is the gap above the frame at <paramref name="depth"/> of <paramref name="host"/>.</summary>
    public bool IsAbove(CallStack host, int depth) =>
        Host == host && _depth == depth && (IsApart || _call == host[depth].Index);

    /// <summary>Whether an entry at <paramref name="stackLow"/> made while <paramref name="stack"/> runs is on it, not on the host.</summary>
    public bool Claims(CallStack stack, uint stackLow)
    {
        if (stack.Count == 0)
            return stack.Spans(stackLow);
        bool aboveInner = Host.Count <= _depth || CallStack.IsAbove(stackLow, Host[_depth].StackLow);
        return aboveInner && (_depth == 0 || CallStack.IsAbove(Host[_depth - 1].StackLow, stackLow));
    }

    /// <summary>Whether <paramref name="stack"/> is still known to be here.</summary>
    public bool Keeps(CallStack stack)
    {
        if (Host.Use != _use)
            return false;
        return IsApart
            ? Host.Count == 0 || stack.LiesAbove(Host[0].StackLow)
            : stack.Count > 0 && Host.Count > _depth && Host[_depth].Index == _call;
    }
}
