namespace Calltap.Trace;

/// <summary>
/// The stacks of one thread: its own, the one for signals, those of coroutines. Events tell only the low half of rsp, so a
/// stack is known by being near: a step of more than 64 MiB is a switch.
/// </summary>
sealed class StackSet
{
    const uint Near = 64 << 20;

    readonly List<CallStack> _stacks = [new CallStack()];
    CallStack _current;
    long _events;

    /// <summary>One empty stack.</summary>
    public StackSet() => _current = _stacks[0];

    /// <summary>All stacks.</summary>
    public IReadOnlyList<CallStack> All => _stacks;

    /// <summary>
    /// The stack of an event at <paramref name="stackLow"/>. When that would be one too many, <paramref name="forgotten"/> is the one
    /// used least recently: the caller closes its calls before it uses the result.
    /// </summary>
    public CallStack Select(uint stackLow, out CallStack? forgotten)
    {
        forgotten = null;
        if (!IsNear(_current.LastStackLow, stackLow))
            _current = FindNearest(stackLow) ?? (_current.Count == 0 ? _current : Add(out forgotten));
        _current.LastStackLow = stackLow;
        _current.LastUsed = _events++;
        return _current;
    }

    static bool IsNear(uint left, uint right) => unchecked(left - right + Near) <= 2 * Near;

    CallStack? FindNearest(uint stackLow)
    {
        CallStack? nearest = null;
        foreach (CallStack stack in _stacks)
            if (stack.Count > 0 && IsNear(stack.LastStackLow, stackLow) && (nearest is null || Distance(stack, stackLow) < Distance(nearest, stackLow)))
                nearest = stack;
        return nearest;
    }

    static long Distance(CallStack stack, uint stackLow) => Math.Abs((long)unchecked((int)(stack.LastStackLow - stackLow)));

    CallStack Add(out CallStack? forgotten)
    {
        forgotten = null;
        CallStack? free = _stacks.Find(stack => stack.Count == 0);
        if (free is null && _stacks.Count == TraceLimits.MaxStacksPerThread)
            free = forgotten = _stacks.MinBy(stack => stack.LastUsed);
        if (free is null)
            _stacks.Add(free = new CallStack());
        return free;
    }
}
