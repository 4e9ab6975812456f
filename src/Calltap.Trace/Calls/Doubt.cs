namespace Calltap.Trace;

/// <summary>
/// An entry that lies above open calls, so either these are gone (an exception, longjmp) or the entry is on another stack (a
/// signal handler's, a coroutine's). What the thread does next tells.
/// </summary>
/// <remarks>
/// The calls in doubt are those at the entry's S and below, on a stack that does not change meanwhile:
/// D1 an exit of one of them: it lives, the entry is on another stack;
/// D2 an exit of a call further out: they are gone;
/// D3 an entry at the S of one of them: its return slot is in use again, so it and what it called is gone, on either stack. When that is
/// the outermost, or a call further out, all are gone; else the others stay in doubt, and D1 is asked of them only;
/// D4 the first entry below the outermost of them equals, in function and S, the last call made by the innermost: it goes on, the entry
/// is on another stack. Without this, a loop that never returns would be taken for ended by each handler that interrupts itself.
/// D1 to D3 are proofs. D4 is not: it trusts that two ways through a program do not come to the same function at the same S.
/// </remarks>
sealed class Doubt
{
    CallStack? _stack;
    int _outermost;
    int _gone;
    CallFrame? _lastCallee;

    /// <summary>What the events say so far.</summary>
    public enum Verdict
    {
        /// <summary>Nothing yet.</summary>
        None = 0,

        /// <summary>The calls in doubt ended before the entry.</summary>
        Gone = 1,

        /// <summary>The calls in doubt are open: the entry is on another stack.</summary>
        Switched = 2,
    }

    /// <summary>Whether there is an entry in doubt.</summary>
    public bool IsOpen => _stack is not null;

    /// <summary>Begins, with the calls of <paramref name="stack"/> from depth <paramref name="outermost"/> inward.</summary>
    public void Open(CallStack stack, int outermost)
    {
        (_stack, _outermost, _gone) = (stack, outermost, stack.Count);
        _lastCallee = stack.LastCallee;
    }

    /// <summary>Ends.</summary>
    /// <returns>The stack, and the depth of the outermost call that was in doubt.</returns>
    public (CallStack Stack, int Outermost) Close()
    {
        CallStack stack = _stack!;
        _stack = null;
        return (stack, _outermost);
    }

    /// <summary>What the next event of the thread says.</summary>
    public Verdict Judge(in SiteRecord site, uint stackLow)
    {
        int depth = _stack!.Find(stackLow);
        return site.Kind switch
        {
            SiteKind.Unknown or SiteKind.EntryAlone => Verdict.None,
            SiteKind.Entry => JudgeEntry(depth, site.Function, stackLow),
            _ => JudgeExit(depth, site.Function),
        };
    }

    // D3, D4
    Verdict JudgeEntry(int depth, FunctionId function, uint stackLow)
    {
        if (CallStack.IsAbove(stackLow, _stack![_outermost].StackLow))
            return depth < 0 ? Verdict.None : Verdict.Gone;
        if (depth == _outermost)
            return Verdict.Gone;
        bool again = _lastCallee is { } last && last.StackLow == stackLow && last.Function == function.Value;
        _lastCallee = null;
        if (depth >= 0)
            _gone = Math.Min(_gone, depth);
        return again ? Verdict.Switched : Verdict.None;
    }

    // D1, D2
    Verdict JudgeExit(int depth, FunctionId function)
    {
        if (depth < 0 || _stack![depth].Function != function.Value)
            return Verdict.None;
        if (depth < _outermost)
            return Verdict.Gone;
        return depth < _gone ? Verdict.Switched : Verdict.None;
    }
}
