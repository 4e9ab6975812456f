namespace Calltap.Trace;

/// <summary>Opens and ends the calls of one thread and tells the visitor of each that is in scope.</summary>
sealed class CallEmitter(ExitCoverage coverage, CallScope scope, ICallVisitor visitor)
{
    readonly OpenCounts _open = new();
    long _told;

    /// <summary>Number of calls opened so far.</summary>
    public long Entries { get; private set; }

    /// <summary>Opens a call as the innermost of its stack.</summary>
    public void Open(CallStack stack, FunctionId function, in TraceEvent entry)
    {
        int depth = scope.DepthOf(function, stack.Count > 0 ? stack[stack.Count - 1].Depth : -1);
        bool isTold = scope.Tells(depth);
        if (isTold)
            visitor.OnEntry(function, depth, stack.Count > 0 ? stack[stack.Count - 1].Told : -1, entry.Time);
        var frame = new CallFrame
        {
            Index = Entries++,
            Told = isTold ? _told++ : -1,
            Depth = depth,
            Start = entry.Time.Value,
            Function = function.Value,
            StackLow = entry.StackLow,
            IsOutermost = isTold && _open[function.Value]++ == 0,
        };
        stack.Push(frame);
        if (stack.Count > TraceLimits.MaxOpenCalls)
            End(stack, EndedBy.Unknown, entry.Time);
    }

    /// <summary>A call of which nothing is known but that it was made.</summary>
    public void Alone(FunctionId function, TscTime time)
    {
        Entries++;
        int depth = scope.DepthOf(function, -1);
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
        });
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
        _open[frame.Function]--;
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
        });
    }
}
