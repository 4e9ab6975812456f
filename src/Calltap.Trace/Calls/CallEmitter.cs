namespace Calltap.Trace;

/// <summary>Opens and ends the calls of one thread and tells the visitor of each that is in scope.</summary>
sealed class CallEmitter(ExitCoverage coverage, CallScope scope, CallGroups groups, ICallVisitor visitor)
{
    readonly bool _isEveryCall = scope.IsAll && groups == CallGroups.Functions;
    readonly OpenCounts _open = new();
    long _told;
    long _entries;

    /// <summary>Number of calls opened so far.</summary>
    public long Entries => _entries;

    /// <summary>Opens a call as the innermost of its stack.</summary>
    public void Open(CallStack stack, FunctionId function, in TraceEvent entry)
    {
        ref readonly CallFrame frame = ref Push(stack, function.Value, entry, out long parent);
        if (frame.Told >= 0)
            visitor.OnEntry(function, frame.Depth, parent, entry.Time);
        if (stack.Count > TraceLimits.MaxOpenCalls)
            End(stack, EndedBy.Unknown, entry.Time);
    }

    /// <summary>
    /// Takes events of a stack as long as each is either an entry that nests or the exit of the innermost call, and tells the sink. Nearly all are, so this is written out
    /// with everything in locals: it does what <see cref="Open"/> and <see cref="End"/> do.
    /// </summary>
    /// <returns>How many were taken.</returns>
    public int TakePlain<TSink>(CallStack stack, SiteTable sites, ReadOnlySpan<TraceEvent> events, ref TSink sink)
        where TSink : struct, ICallSink
    {
        if (_isEveryCall)
            return TakePlain(stack, sites, events, default(EveryCall), ref sink);
        int taken = 0, inside;
        do
        {
            if (scope.Roots is { } roots && stack.IsOutside)
                taken += OutsideCalls.Take(stack, sites, roots, events[taken..], ref _entries);
            inside = TakePlain(stack, sites, events[taken..], new SomeCalls(scope, groups), ref sink);
            taken += inside;
        }
        while (inside > 0 && taken < events.Length);
        return taken;
    }

    // Where there are roots, up to an event behind which the stack lies outside.
    int TakePlain<TPart, TSink>(CallStack stack, SiteTable sites, ReadOnlySpan<TraceEvent> events, TPart part, ref TSink sink)
        where TPart : struct, ICallPart
        where TSink : struct, ICallSink
    {
        CallFrame[] frames = stack.Frames;
        int count = stack.Count, least = count, taken = 0;
        uint last = stack.LastStackLow;
        long entries = Entries, told = _told;
        for (; taken < events.Length; taken++)
        {
            ref readonly TraceEvent next = ref events[taken];
            uint site = sites.Pack(next.Site), stackLow = next.StackLow;
            int function = SiteTable.FunctionOf(site), top = count - 1;
            SiteKind kind = SiteTable.KindOf(site);
            if (!StackSet.IsNear(last, stackLow))
                break;
            last = stackLow;
            if (kind == SiteKind.Entry)
            {
                (int callerDepth, int callerFunction, long parent) = (-1, -1, -1);
                if ((uint)top < (uint)frames.Length)
                {
                    ref CallFrame caller = ref frames[top];
                    if (!CallStack.IsAbove(caller.StackLow, stackLow))
                        break;
                    (callerDepth, callerFunction, parent) = (caller.Depth, caller.Function, caller.Told);
                }

                if ((uint)count >= (uint)frames.Length || count == TraceLimits.MaxOpenCalls)
                    break;
                ref CallFrame frame = ref frames[count];
                int depth = part.DepthOf(function, callerDepth);
                frame.Index = entries++;
                frame.Start = next.Time.Value;
                frame.ChildTicks = 0;
                frame.Function = function;
                frame.StackLow = stackLow;
                frame.Depth = depth;
                frame.HasUnknownChild = false;
                if (!part.Tells(depth))
                {
                    frame.Told = -1;
                    count++;
                    if (depth >= 0)
                        continue;
                    taken++;
                    break;
                }

                frame.Told = told++;
                int group = part.GroupOf(function, callerFunction);
                frame.Group = group;
                ref int open = ref _open[group];
                frame.IsOutermost = open == 0;
                sink.Enter(frame, parent);
                // About half of all calls make none: such a one ends with the next event.
                if (taken + 1 < events.Length && events[taken + 1].StackLow == stackLow && SiteTable.IsExitOf(sites.Pack(events[taken + 1].Site), function))
                {
                    ulong end = events[++taken].Time.Value, ticks = CallTime.Between(next.Time.Value, end);
                    if ((uint)top < (uint)frames.Length)
                        frames[top].ChildTicks += ticks;
                    sink.Leave(frame, parent, end, ticks);
                    continue;
                }

                open++;
                count++;
            }
            else
            {
                if (kind is not (SiteKind.Exit or SiteKind.TailExit) || (uint)top >= (uint)frames.Length)
                    break;
                ref CallFrame frame = ref frames[top];
                if (frame.StackLow != stackLow || frame.Function != function)
                    break;
                count = top;
                least = Math.Min(least, count);
                ulong ticks = CallTime.Between(frame.Start, next.Time.Value);
                long parent = -1;
                if ((uint)(top - 1) < (uint)frames.Length)
                {
                    ref CallFrame caller = ref frames[top - 1];
                    caller.ChildTicks += ticks;
                    parent = caller.Told;
                }

                if (frame.Told >= 0)
                {
                    _open[frame.Group]--;
                    sink.Leave(frame, parent, next.Time.Value, ticks);
                }

                if (!part.HasOutside || frame.Depth > 0)
                    continue;
                taken++;
                break;
            }
        }

        (_entries, _told) = (entries, told);
        if (taken > 0)
            stack.LastStackLow = events[taken - 1].StackLow;
        stack.SetCount(count, least);
        return taken;
    }

    /// <summary>A call of which nothing is known but that it was made.</summary>
    public void Alone(FunctionId function, TscTime time)
    {
        _entries++;
        int depth = scope.DepthOf(function.Value, -1);
        if (!scope.Tells(depth))
            return;
        visitor.OnEntry(function, depth, -1, time);
        visitor.OnCall(new Call
        {
            Index = _told++,
            Parent = -1,
            Function = function,
            Depth = depth,
            Start = time,
            End = null,
            SelfTicks = null,
            EndedBy = EndedBy.Unknown,
            IsOutermost = true,
            Group = groups.Of(function.Value, -1),
        });
    }

    /// <summary>An exit of a call whose entry is not in the trace.</summary>
    public void Orphan(FunctionId function, TscTime time)
    {
        if (scope.IsRoot(function.Value))
            visitor.OnOrphanExit(function, time);
    }

    /// <summary>Ends the innermost call, of which no exit was seen, at the time that revealed it.</summary>
    public void EndUnseen(CallStack stack, TscTime revealed)
    {
        ref CallFrame frame = ref stack[stack.Count - 1];
        bool proven = stack.Count > stack.OpenAtLoss
            && coverage.IsComplete(new FunctionId(frame.Function), new TscTime(frame.Start), revealed);
        End(stack, proven ? EndedBy.Unwind : EndedBy.Unknown, revealed);
    }

    /// <summary>Ends all calls of a stack, which nothing more will be known of.</summary>
    public void Abandon(CallStack stack)
    {
        while (stack.Count > 0)
            End(stack, EndedBy.Unknown, default);
    }

    /// <summary>Ends the innermost call.</summary>
    public void End(CallStack stack, EndedBy how, TscTime end)
    {
        int depth = stack.Count - 1;
        CallFrame frame = stack[depth];
        stack.Pop();
        ulong ticks = how == EndedBy.Unknown ? 0 : CallTime.Between(frame.Start, end.Value);
        if (depth > 0)
        {
            ref CallFrame parent = ref stack[depth - 1];
            parent.ChildTicks += ticks;
            parent.HasUnknownChild |= how == EndedBy.Unknown;
        }

        if (frame.Told < 0)
            return;
        _open[frame.Group]--;
        visitor.OnCall(new Call
        {
            Index = frame.Told,
            Parent = depth > 0 ? stack[depth - 1].Told : -1,
            Function = new FunctionId(frame.Function),
            Depth = frame.Depth,
            Start = new TscTime(frame.Start),
            End = how == EndedBy.Unknown ? null : end,
            SelfTicks = how == EndedBy.Unknown || frame.HasUnknownChild ? null : CallTime.Between(frame.ChildTicks, ticks),
            EndedBy = how,
            IsOutermost = frame.IsOutermost,
            Group = frame.Group,
        });
    }

    ref CallFrame Push(CallStack stack, int function, in TraceEvent entry, out long parent)
    {
        (int callerDepth, int callerFunction, parent) = (-1, -1, -1);
        if (stack.Count > 0)
        {
            ref CallFrame caller = ref stack[stack.Count - 1];
            (callerDepth, callerFunction, parent) = (caller.Depth, caller.Function, caller.Told);
        }

        int depth = scope.DepthOf(function, callerDepth);
        ref CallFrame frame = ref stack.Push(entry.StackLow);
        frame.Index = _entries++;
        frame.Told = -1;
        frame.Start = entry.Time.Value;
        frame.ChildTicks = 0;
        frame.Function = function;
        frame.Group = 0;
        frame.Depth = depth;
        frame.HasUnknownChild = false;
        frame.IsOutermost = false;
        if (scope.Tells(depth))
        {
            frame.Told = _told++;
            frame.Group = groups.Of(function, callerFunction);
            frame.IsOutermost = _open[frame.Group]++ == 0;
        }

        return ref frame;
    }
}
