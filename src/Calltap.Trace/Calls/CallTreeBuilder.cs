namespace Calltap.Trace;

/// <summary>
/// Turns the events of one thread into calls, as they come. Memory grows with the depth of the stack only. Not thread-safe.
/// </summary>
/// <remarks>
/// Rules, with S the event's rsp at the return slot; stacks grow down, so a callee's S is lower than its caller's:
/// C1 an entry at S ends every open call at S or below: those frames are gone, however they went;
/// C2 an exit ends the open call of its function at S, and first every call below S; without such a call it is an orphan;
/// C3 a call ended by another one's event was unwound if its exits are all patched and nothing was lost meanwhile, else unknown;
/// C4 S compares as a signed 32-bit difference; a step beyond 64 MiB is another stack, whose calls stay open;
/// C5 what is open at the end is unknown.
/// </remarks>
public sealed class CallTreeBuilder
{
    readonly SiteTable _sites;
    readonly ExitCoverage _coverage;
    readonly ICallVisitor _visitor;
    readonly StackSet _stacks = new();
    readonly OpenCounts _open = new();

    /// <summary>A builder for one thread, which tells <paramref name="visitor"/> of its calls.</summary>
    public CallTreeBuilder(SiteTable sites, ExitCoverage coverage, ICallVisitor visitor) =>
        (_sites, _coverage, _visitor) = (sites, coverage, visitor);

    /// <summary>Number of entry events so far.</summary>
    public long Entries { get; private set; }

    /// <summary>Exit events without an open call: it began before the function was armed, or its entry was lost.</summary>
    public long OrphanExits { get; private set; }

    /// <summary>Events of sites that the trace does not describe.</summary>
    public long UnknownSites { get; private set; }

    /// <summary>Takes the next events of the thread.</summary>
    public void Add(ReadOnlySpan<TraceEvent> events)
    {
        foreach (TraceEvent next in events)
        {
            SiteRecord site = _sites.Find(next.Site);
            if (site.Kind == SiteKind.Unknown)
            {
                UnknownSites++;
                continue;
            }

            CallStack stack = _stacks.Select(next.StackLow, out CallStack? forgotten);
            if (forgotten is not null)
                Abandon(forgotten);
            if (site.Kind == SiteKind.Entry)
                Enter(stack, site.Function, next);
            else
                Leave(stack, site.Function, next);
        }
    }

    /// <summary>Events were lost here: calls open now may have ended unseen.</summary>
    public void AddLoss()
    {
        foreach (CallStack stack in _stacks.All)
            stack.OpenAtLoss = stack.Count;
    }

    /// <summary>The trace ended: ends every open call as unknown.</summary>
    public void Finish()
    {
        foreach (CallStack stack in _stacks.All)
            Abandon(stack);
    }

    // C1
    void Enter(CallStack stack, FunctionId function, in TraceEvent entry)
    {
        while (stack.Count > 0 && unchecked((int)(stack[stack.Count - 1].StackLow - entry.StackLow)) <= 0)
            EndUnseen(stack, entry.Time);
        _visitor.OnEntry(function, stack.Count, entry.Time);
        ref int open = ref _open[function.Value];
        var frame = new CallFrame
        {
            Index = Entries++,
            Start = entry.Time.Value,
            Function = function.Value,
            StackLow = entry.StackLow,
            IsOutermost = open++ == 0,
        };
        stack.Push(frame);
        if (stack.Count > TraceLimits.MaxOpenCalls)
            End(stack, EndedBy.Unknown, entry.Time);
    }

    // C2
    void Leave(CallStack stack, FunctionId function, in TraceEvent exit)
    {
        int depth = stack.Count > 0 && stack[stack.Count - 1].StackLow == exit.StackLow ? stack.Count - 1 : stack.Find(exit.StackLow);
        if (depth < 0 || stack[depth].Function != function.Value)
        {
            OrphanExits++;
            return;
        }

        while (stack.Count - 1 > depth)
            EndUnseen(stack, exit.Time);
        End(stack, EndedBy.Exit, exit.Time);
    }

    // C3
    void EndUnseen(CallStack stack, TscTime revealed)
    {
        ref CallFrame frame = ref stack[stack.Count - 1];
        bool proven = stack.Count > stack.OpenAtLoss
            && _coverage.IsComplete(new FunctionId(frame.Function), new TscTime(frame.Start), revealed);
        End(stack, proven ? EndedBy.Unwind : EndedBy.Unknown, revealed);
    }

    // C5
    void Abandon(CallStack stack)
    {
        while (stack.Count > 0)
            End(stack, EndedBy.Unknown, default);
    }

    void End(CallStack stack, EndedBy how, TscTime end)
    {
        int depth = stack.Count - 1;
        CallFrame frame = stack[depth];
        stack.Pop();
        _open[frame.Function]--;
        ulong ticks = how == EndedBy.Unknown ? 0 : CallTime.Between(frame.Start, end.Value);
        if (depth > 0)
        {
            ref CallFrame parent = ref stack[depth - 1];
            parent.ChildTicks += ticks;
            parent.HasUnknownChild |= how == EndedBy.Unknown;
        }

        _visitor.OnCall(new Call
        {
            Index = frame.Index,
            Parent = depth > 0 ? stack[depth - 1].Index : -1,
            Function = new FunctionId(frame.Function),
            Depth = depth,
            Start = new TscTime(frame.Start),
            End = how == EndedBy.Unknown ? null : end,
            SelfTicks = how == EndedBy.Unknown || frame.HasUnknownChild ? null : CallTime.Between(frame.ChildTicks, ticks),
            EndedBy = how,
            IsOutermost = frame.IsOutermost,
        });
    }
}
