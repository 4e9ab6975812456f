namespace Calltap.Trace;

/// <summary>The open calls of one stack of a thread, outermost first. rsp falls from frame to frame.</summary>
sealed class CallStack
{
    CallFrame[] _frames = new CallFrame[32];

    /// <summary>Number of open calls.</summary>
    public int Count { get; private set; }

    /// <summary>The rsp of the last event on this stack; says which stack an event belongs to.</summary>
    public uint LastStackLow { get; set; }

    /// <summary>Number of the last event on this stack; the least is the first to be forgotten.</summary>
    public long LastUsed { get; set; }

    /// <summary>Frames below this depth were open when events were lost.</summary>
    public int OpenAtLoss { get; set; }

    /// <summary>The frame at <paramref name="depth"/>.</summary>
    public ref CallFrame this[int depth] => ref _frames[depth];

    /// <summary>Adds a frame.</summary>
    public void Push(in CallFrame frame)
    {
        if (Count == _frames.Length)
            Array.Resize(ref _frames, _frames.Length * 2);
        _frames[Count++] = frame;
    }

    /// <summary>Removes the innermost frame.</summary>
    public void Pop()
    {
        Count--;
        OpenAtLoss = Math.Min(OpenAtLoss, Count);
    }

    /// <summary>Depth of the frame whose return slot is at <paramref name="stackLow"/>, or -1. Frames are in order, so by halving.</summary>
    public int Find(uint stackLow)
    {
        int low = 0;
        int high = Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int difference = unchecked((int)(_frames[middle].StackLow - stackLow));
            if (difference == 0)
                return middle;
            if (difference > 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }
}
