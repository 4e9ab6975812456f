namespace Calltap.Trace;

/// <summary>The open calls of one stack of a thread, outermost first. rsp falls from frame to frame.</summary>
sealed class CallStack
{
    CallFrame[] _frames = new CallFrame[32];
    uint _lowest;
    uint _highest;

    /// <summary>Number of open calls.</summary>
    public int Count { get; private set; }

    /// <summary>The rsp of the last event on this stack; says which stack an event belongs to.</summary>
    public uint LastStackLow { get; set; }

    /// <summary>Number of the last event on this stack; the least is the first to be forgotten.</summary>
    public long LastUsed { get; set; }

    /// <summary>Frames below this depth were open when events were lost.</summary>
    public int OpenAtLoss { get; set; }

    /// <summary>Where it lies, if it was found to lie close to another stack; null for any other stack.</summary>
    public StackGap? Gap { get; private set; }

    /// <summary>Changes when this object begins to stand for another stack: gaps of the former one are void.</summary>
    public int Use { get; private set; }

    /// <summary>Whether a call made from the innermost one is in a scope only if it is itself a root.</summary>
    public bool IsOutside => Count == 0 || _frames[Count - 1].Depth < 0;

    /// <summary>The frames, <see cref="Count"/> of which are open; they move when one more does not fit.</summary>
    public CallFrame[] Frames => _frames;

    /// <summary>The frame at <paramref name="depth"/>.</summary>
    public ref CallFrame this[int depth] => ref _frames[depth];

    /// <summary>Adds a frame at <paramref name="stackLow"/>; the rest of it is that of a former one until it is filled.</summary>
    public ref CallFrame Push(uint stackLow)
    {
        if (Count == _frames.Length)
            Array.Resize(ref _frames, _frames.Length * 2);
        if (Gap is not null)
            Extend(stackLow);
        ref CallFrame frame = ref _frames[Count++];
        frame.StackLow = stackLow;
        return ref frame;
    }

    /// <summary>Removes the innermost frame.</summary>
    public void Pop()
    {
        Count--;
        if (OpenAtLoss > Count)
            OpenAtLoss = Count;
    }

    /// <summary>Frames were pushed and popped in place: so many are open now, and at the <paramref name="least"/> so few were meanwhile.</summary>
    public void SetCount(int count, int least)
    {
        Count = count;
        OpenAtLoss = Math.Min(OpenAtLoss, least);
    }

    /// <summary>Whether <paramref name="left"/> is further out than <paramref name="right"/>, as a signed difference.</summary>
    public static bool IsAbove(uint left, uint right) => unchecked((int)(left - right)) > 0;

    /// <summary>Whether an entry at <paramref name="stackLow"/> would be a call made from the innermost open one.</summary>
    public bool Nests(uint stackLow) => Count == 0 || IsAbove(_frames[Count - 1].StackLow, stackLow);

    /// <summary>Whether a call of <paramref name="function"/> is open whose return slot is at <paramref name="stackLow"/>.</summary>
    public bool Holds(FunctionId function, uint stackLow) => Find(stackLow) is var depth and >= 0 && _frames[depth].Function == function.Value;

    /// <summary>Depth of the frame whose return slot is at <paramref name="stackLow"/>, or -1.</summary>
    public int Find(uint stackLow) => Count > 0 && _frames[Count - 1].StackLow == stackLow ? Count - 1 : Search(stackLow);

    /// <summary>Depth of the outermost frame at <paramref name="stackLow"/> or below, or <see cref="Count"/>. Frames are in order, so by halving.</summary>
    public int FirstFrom(uint stackLow)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (IsAbove(_frames[middle].StackLow, stackLow))
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>The last call that the innermost open one made, if it made any: popping a frame leaves it in its place.</summary>
    public CallFrame? LastCallee =>
        Count > 0 && Count < _frames.Length && _frames[Count].Index > _frames[Count - 1].Index ? _frames[Count] : null;

    /// <summary>Begins to stand for the stack that lies in <paramref name="gap"/>, seen at <paramref name="stackLow"/> first.</summary>
    public void SettleIn(StackGap gap, uint stackLow)
    {
        Gap = gap;
        _lowest = _highest = stackLow;
    }

    /// <summary>Stands for no stack any more.</summary>
    public void Leave()
    {
        Gap = null;
        Use++;
    }

    /// <summary>Whether calls were seen on this stack at or around <paramref name="stackLow"/>.</summary>
    public bool Spans(uint stackLow) => !IsAbove(_lowest, stackLow) && !IsAbove(stackLow, _highest);

    /// <summary>Whether all that was seen of this stack lies above <paramref name="stackLow"/>.</summary>
    public bool LiesAbove(uint stackLow) => IsAbove(_lowest, stackLow);

    int Search(uint stackLow)
    {
        int depth = FirstFrom(stackLow);
        return depth < Count && _frames[depth].StackLow == stackLow ? depth : -1;
    }

    void Extend(uint stackLow)
    {
        if (IsAbove(_lowest, stackLow))
            _lowest = stackLow;
        if (IsAbove(stackLow, _highest))
            _highest = stackLow;
    }
}
