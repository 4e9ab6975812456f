namespace Calltap.Trace;

/// <summary>
/// The stacks of one thread: its own, the one for signals, those of coroutines. Events tell only the low half of rsp, so a
/// stack is known by being near: a step of more than 64 MiB is a switch. Nearer ones are told apart once <see cref="Branch"/> was
/// told of them.
/// </summary>
sealed class StackSet
{
    const uint Near = 64 << 20;

    readonly List<CallStack> _stacks = [new CallStack()];
    readonly List<CallStack> _close = [];
    readonly Action<CallStack> _forget;
    CallStack _current;
    long _events;

    /// <summary>
    /// One empty stack. When there would be too many, <paramref name="forget"/> is to end the calls of the one used least recently.
    /// </summary>
    public StackSet(Action<CallStack> forget) => (_forget, _current) = (forget, _stacks[0]);

    /// <summary>All stacks.</summary>
    public IReadOnlyList<CallStack> All => _stacks;

    /// <summary>Whether some stack lies close to another: <see cref="TakeVoid"/> is to be asked after each event.</summary>
    public bool HasClose { get; private set; }

    /// <summary>The stack that runs.</summary>
    public CallStack Current => _current;

    /// <summary>The stack of an event at <paramref name="stackLow"/>.</summary>
    public CallStack Select(SiteKind kind, FunctionId function, uint stackLow)
    {
        if (HasClose || !IsNear(_current.LastStackLow, stackLow))
            _current = Find(kind, function, stackLow);
        Use(stackLow, 1);
        return _current;
    }

    /// <summary>The running stack had so many events more, the last one at <paramref name="stackLow"/>.</summary>
    public void Use(uint stackLow, int events)
    {
        _events += events;
        _current.LastStackLow = stackLow;
        _current.LastUsed = _events - 1;
    }

    /// <summary>Whether a step between the two is one within a stack (C4).</summary>
    public static bool IsNear(uint left, uint right) => unchecked(left - right + Near) <= 2 * Near;

    /// <summary>
    /// The stack of an entry at <paramref name="stackLow"/> that did not end the calls of <paramref name="host"/> from
    /// <paramref name="depth"/> inward, though it lies above them.
    /// </summary>
    public CallStack Branch(CallStack host, int depth, uint stackLow)
    {
        CallStack? known = _close.Find(stack => stack.Gap!.IsAbove(host, depth)
            && (stack.Count == 0 || (stack.Spans(stackLow) && (stack.Nests(stackLow) || stack.Find(stackLow) >= 0))));
        if (known is null)
        {
            known = Add();
            known.SettleIn(new StackGap(host, depth), stackLow);
            _close.Add(known);
            HasClose = true;
        }

        _current = known;
        Use(stackLow, 1);
        return known;
    }

    /// <summary>Takes out a stack that is not known to be close to another any more, or null: its calls have ended.</summary>
    public CallStack? TakeVoid()
    {
        CallStack? found = _close.Find(stack => !stack.Gap!.Keeps(stack));
        if (found is null)
            return null;
        if (_current == found)
            _current = found.Gap!.Host;
        Release(found);
        return found;
    }

    CallStack Find(SiteKind kind, FunctionId function, uint stackLow)
    {
        if (!IsNear(_current.LastStackLow, stackLow))
            _current = FindNearest(stackLow) ?? (IsFree(_current) ? _current : Add());
        if (!HasClose)
            return _current;
        return kind == SiteKind.Entry ? OfEntry(stackLow) : OfExit(function, stackLow);
    }

    // An entry stays on the running stack while that is possible. Where it would end calls it may be on a remembered one.
    CallStack OfEntry(uint stackLow)
    {
        CallStack stack = _current;
        while (stack.Gap is { } gap && !gap.Claims(stack, stackLow))
            stack = gap.Host;
        if (stack.Count > 0 && stack.Nests(stackLow))
            return stack;
        return _close.Find(other => other.Gap!.Host == stack && other.Gap.IsApart && other.Spans(stackLow)) ?? stack;
    }

    CallStack OfExit(FunctionId function, uint stackLow) =>
        _current.Holds(function, stackLow) ? _current : _stacks.Find(stack => stack.Holds(function, stackLow)) ?? _current;

    CallStack? FindNearest(uint stackLow)
    {
        CallStack? nearest = null;
        foreach (CallStack stack in _stacks)
            if (!IsFree(stack) && IsNear(stack.LastStackLow, stackLow) && (nearest is null || Distance(stack, stackLow) < Distance(nearest, stackLow)))
                nearest = stack;
        return nearest;
    }

    static long Distance(CallStack stack, uint stackLow) => Math.Abs((long)unchecked((int)(stack.LastStackLow - stackLow)));

    bool IsFree(CallStack stack) => stack.Count == 0 && stack.Gap is null && !_close.Exists(other => other.Gap!.Host == stack);

    CallStack Add()
    {
        CallStack? free = _stacks.Find(IsFree);
        if (free is null && _stacks.Count == TraceLimits.MaxStacksPerThread)
        {
            free = _stacks.MinBy(stack => stack.LastUsed)!;
            _forget(free);
            Release(free);
        }

        if (free is null)
            _stacks.Add(free = new CallStack());
        return free;
    }

    void Release(CallStack stack)
    {
        _close.Remove(stack);
        HasClose = _close.Count > 0;
        stack.Leave();
    }
}
