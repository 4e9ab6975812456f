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
    CallStack _current;
    long _events;

    /// <summary>One empty stack.</summary>
    public StackSet() => _current = _stacks[0];

    /// <summary>All stacks.</summary>
    public IReadOnlyList<CallStack> All => _stacks;

    /// <summary>Whether some stack lies close to another: <see cref="TakeVoid"/> is to be asked after each event.</summary>
    public bool HasClose => _close.Count > 0;

    /// <summary>
    /// The stack of an event at <paramref name="stackLow"/>. When that would be one too many, <paramref name="forgotten"/> is the one
    /// used least recently: the caller closes its calls before it uses the result.
    /// </summary>
    public CallStack Select(in SiteRecord site, uint stackLow, out CallStack? forgotten)
    {
        forgotten = null;
        if (!IsNear(_current.LastStackLow, stackLow))
            _current = FindNearest(stackLow) ?? (IsFree(_current) ? _current : Add(out forgotten));
        if (_close.Count > 0)
            _current = site.Kind == SiteKind.Entry ? OfEntry(stackLow) : OfExit(site.Function, stackLow);
        Use(stackLow);
        return _current;
    }

    /// <summary>
    /// The stack of an entry at <paramref name="stackLow"/> that did not end the calls of <paramref name="host"/> from
    /// <paramref name="depth"/> inward, though it lies above them.
    /// </summary>
    public CallStack Branch(CallStack host, int depth, uint stackLow, out CallStack? forgotten)
    {
        forgotten = null;
        CallStack? known = _close.Find(stack => stack.Gap!.IsAbove(host, depth)
            && (stack.Count == 0 || (stack.Spans(stackLow) && (stack.Nests(stackLow) || stack.Find(stackLow) >= 0))));
        if (known is null)
        {
            known = Add(out forgotten);
            known.SettleIn(new StackGap(host, depth), stackLow);
            _close.Add(known);
        }

        _current = known;
        Use(stackLow);
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

    static bool IsNear(uint left, uint right) => unchecked(left - right + Near) <= 2 * Near;

    void Use(uint stackLow)
    {
        _current.LastStackLow = stackLow;
        _current.LastUsed = _events++;
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

    CallStack Add(out CallStack? forgotten)
    {
        forgotten = null;
        CallStack? free = _stacks.Find(IsFree);
        if (free is null && _stacks.Count == TraceLimits.MaxStacksPerThread)
        {
            free = forgotten = _stacks.MinBy(stack => stack.LastUsed)!;
            Release(free);
        }

        if (free is null)
            _stacks.Add(free = new CallStack());
        return free;
    }

    void Release(CallStack stack)
    {
        _close.Remove(stack);
        stack.Leave();
    }
}
