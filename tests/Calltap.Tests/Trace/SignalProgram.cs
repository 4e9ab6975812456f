using Calltap.Trace;

namespace Calltap.Tests.Trace;

/// <summary>Where the alternate signal stack of a <see cref="SignalProgram"/> is.</summary>
enum AltStack
{
    /// <summary>Above all frames of the thread's stack.</summary>
    Above,

    /// <summary>Below all of them.</summary>
    Below,

    /// <summary>In an array of the traced call at depth 2.</summary>
    Within,
}

/// <summary>
/// A thread that calls, returns, throws, longjmps and takes signals, on the same stack and on an alternate one, at random; and what a
/// correct call tree of it is. Left out is what no events can tell:
/// <list type="bullet">
/// <item>frames that were left, followed by a call below them: it could come from them. So a catching frame goes on by a return or a call at
/// the S of what it called before, or above;</item>
/// <item>calls interrupted by a handler on an alternate stack and all left before one of them returned: they could have been left
/// before it. The same for a handler that interrupts calls which were left already;</item>
/// <item>two ways to the same S: a slot belongs to one calling frame (<see cref="Doubt"/>, D4). So handlers on a stack below, which are
/// callees of what they interrupt, are at different S.</item>
/// </list>
/// A handler that interrupts no traced call is a plain call, and so left out.
/// </summary>
sealed class SignalProgram(int seed, AltStack alt)
{
    const uint Top = 0x7000_0000;
    const uint Array = 0x8_0000;
    const int ArrayDepth = 2;
    const int MaxDepth = 14;

    readonly Random _random = new(seed);
    readonly HashSet<uint> _slots = [];
    readonly Frames _own = new();
    readonly Frames _other = new();
    readonly List<long> _unproven = [];
    ulong _time = 1000;
    long _entries;
    Frame? _innerAtSwitch;

    public List<TraceEvent> Events { get; } = [];

    /// <summary>The calls in the order of their ends.</summary>
    public List<string> Calls { get; } = [];

    public void Run(int events)
    {
        while (Events.Count < events)
            Step();
        while (Running.Live > 0)
            Return();
        Finish(_own);
        Finish(_other);
    }

    public static string Text(int function, int depth, long parent, ulong start, ulong? end, EndedBy how) =>
        $"{TraceSample.Functions[function].Name} depth {depth} of {parent}, {start} to {end?.ToString() ?? "?"}, {how}";

    Frames Running => _other.Live > 0 ? _other : _own;

    void Step()
    {
        int what = _random.Next(100);
        if (what < 8)
            Throw(Running);
        else if (what < 16)
            Signal();
        else if (what < 18 && _other.Live > 0)
            JumpOutOfHandler();
        else if (what < 58 && Running.Live < MaxDepth)
            Call(Running, SlotFor(Running));
        else if (Running.Live > 0)
            Return();
    }

    // A handler on a stack of its own, on one below, which looks like a call, or on the stack that runs.
    void Signal()
    {
        if (_own.Live == 0)
            return;
        _slots.Add(AltTop);
        bool alternate = _random.Next(3) > 0 && _other.Live == 0 && !_own.Top!.OnAlt;
        if (!alternate)
        {
            if (!Running.HasStale && Running.Live < MaxDepth)
                Call(Running, Unique(Running.Top!.CalleeSlot - 0x800, 0x400));
        }
        else if (alt == AltStack.Below || (alt == AltStack.Within && _own.Live == ArrayDepth + 1))
        {
            if (!_own.HasStale)
                Call(_own, alt == AltStack.Below ? Unique(AltTop, 0x800) : AltTop, onAlt: true);
        }
        else if (alt == AltStack.Above || _own.Live > ArrayDepth + 1)
        {
            _innerAtSwitch = alt == AltStack.Within ? _own.All[ArrayDepth + 1] : null;
            _unproven.Add(_entries);
            Call(_other, AltTop, onAlt: true);
        }
    }

    uint AltTop => alt switch
    {
        AltStack.Above => Top + 0x10_0000,
        AltStack.Below => Top - 0x100_0000,
        _ => _own.All[Math.Min(ArrayDepth, _own.All.Count - 1)].Slot - 64,
    };

    // Calls come from one place of a frame, or by a way through untraced functions, which leads elsewhere.
    uint SlotFor(Frames stack)
    {
        uint usual = stack.Top?.CalleeSlot ?? Top;
        Frame? left = stack.HasStale ? stack.All[stack.Live] : null;
        if (left is null || (left.OnAlt && stack.Top?.OnAlt != true))
            return _random.Next(2) == 0 ? usual : Unique(usual, 0x800);
        return left.Slot < usual && _random.Next(2) == 0 ? Unique(usual, Math.Min(usual - left.Slot, 0x800)) : left.Slot;
    }

    uint Unique(uint highest, uint room)
    {
        for (int tries = 0; tries < 20; tries++)
            if (highest - (8 * (uint)_random.Next((int)(room / 8) + 1)) is var slot && slot > highest - room && _slots.Add(slot))
                return slot;
        return highest;
    }

    void Call(Frames stack, uint slot, bool onAlt = false)
    {
        int function = _random.Next(TraceSample.Functions.Length);
        Tick();
        EndStale(stack);
        uint size = alt == AltStack.Within && stack == _own && stack.Live == ArrayDepth ? Array : 0;
        stack.All.Add(new Frame(function, slot, Unique(slot - size - 0x40, 0x200), _time, _entries++, onAlt || (stack.Top?.OnAlt ?? false)));
        stack.Live++;
        Events.Add(TraceSample.Entry(_time, TraceSample.Functions[function].DisplayName, slot));
        EndLeftHandlers();
    }

    void Return()
    {
        Frames stack = Running;
        Tick();
        EndStale(stack);
        Frame frame = stack.Top!;
        Events.Add(TraceSample.Exit(_time, TraceSample.Functions[frame.Function].DisplayName, frame.Slot));
        End(stack, EndedBy.Exit);
        stack.Live--;
        if (stack == _own)
            _unproven.RemoveAll(handler => frame.Index < handler);
        EndLeftHandlers();
    }

    // Frames are left: by an exception, or longjmp.
    void Throw(Frames stack)
    {
        int least = stack == _other || (_unproven.Count > 0 && alt == AltStack.Above) ? 1 : _unproven.Count > 0 ? ArrayDepth + 2 : 0;
        if (stack.HasStale || stack.Live <= least)
            return;
        int left = _random.Next(least, stack.Live);
        // A frame with the array calls below it: what it calls next is below a handler that ran in the array.
        bool intoArray = alt == AltStack.Within && stack == _own && left == ArrayDepth + 1 && stack.All[left].OnAlt;
        if (!intoArray)
            stack.Live = left;
    }

    void JumpOutOfHandler()
    {
        _other.Live = 0;
        Throw(_own);
    }

    // The memory of a stack between two calls is the thread's again when the inner one has ended.
    void EndLeftHandlers()
    {
        if (_innerAtSwitch is null || _own.All.Contains(_innerAtSwitch))
            return;
        _innerAtSwitch = null;
        EndStale(_other);
    }

    void EndStale(Frames stack)
    {
        while (stack.HasStale)
            End(stack, EndedBy.Unwind);
    }

    void Finish(Frames stack)
    {
        while (stack.All.Count > 0)
            End(stack, EndedBy.Unknown);
    }

    void End(Frames stack, EndedBy how)
    {
        int depth = stack.All.Count - 1;
        Frame frame = stack.All[depth];
        stack.All.RemoveAt(depth);
        bool known = how == EndedBy.Exit || (how == EndedBy.Unwind && TraceSample.Functions[frame.Function].Flags == FunctionFlags.AllExitsPatched);
        Calls.Add(Text(frame.Function, depth, depth > 0 ? stack.All[depth - 1].Index : -1, frame.Start, known ? _time : null, known ? how : EndedBy.Unknown));
    }

    void Tick() => _time += (ulong)_random.Next(1, 1000);

    sealed record Frame(int Function, uint Slot, uint CalleeSlot, ulong Start, long Index, bool OnAlt);

    /// <summary>The frames of a stack, outermost first: those that live, then those left of which no event has told.</summary>
    sealed class Frames
    {
        public List<Frame> All { get; } = [];

        public int Live { get; set; }

        public bool HasStale => All.Count > Live;

        public Frame? Top => Live > 0 ? All[Live - 1] : null;
    }
}
