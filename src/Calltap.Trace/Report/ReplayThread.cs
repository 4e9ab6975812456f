namespace Calltap.Trace;

/// <summary>
/// The lines of one thread. An entry is held back until the next event tells whether it is a leaf (<c>name();</c> or <c>name() {</c>), and until it is known to
/// take as long as is asked for.
/// </summary>
sealed class ReplayThread : ICallVisitor
{
    readonly Tid _tid;
    readonly ReplayOptions _options;
    readonly ReplayLines _lines;
    readonly ReplayLosses _losses;
    readonly CallTreeBuilder _calls;
    readonly ReplayPending _pending = new();
    long _entries;
    LostRecord _lost;

    /// <summary>The lines of a thread.</summary>
    public ReplayThread(Tid thread, TraceCatalog catalog, ExitCoverage coverage, ReplayOptions options, ReplayLines lines, ReplayLosses losses)
    {
        (Thread, _tid, _options, _lines, _losses) = (thread, catalog.TidOf(thread), options, lines, losses);
        _calls = new CallTreeBuilder(catalog.Sites, coverage, this, options.Scope);
    }

    /// <summary>Which thread, by its id in the file.</summary>
    public Tid Thread { get; }

    /// <summary>Whether events of the thread are held.</summary>
    public bool IsInDoubt => _calls.IsInDoubt;

    /// <summary>Takes the next events.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Add(ReadOnlySpan<TraceEvent> events)
    {
        var sink = new ReplaySink(this);
        _calls.Add(events, ref sink);
    }

    /// <summary>Events are missing here.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void AddLoss(in LostRecord lost)
    {
        _calls.AddLoss();
        Release(lost.Time.Value);
        int number = _losses.Add(lost.Entries - _lost.Entries, lost.Exits - _lost.Exits, lost.Holes - _lost.Holes);
        _lost = lost;
        Add(ReplayLineKind.Loss, number, 0, lost.Time.Value, null, EndedBy.Unknown, lost.Time.Value);
    }

    /// <summary>Takes all that is held.</summary>
    public void EndDoubt() => _calls.EndDoubt();

    /// <summary>The trace ended.</summary>
    public void Finish() => _calls.Finish();

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, long parent, TscTime start) => Enter(function.Value, depth, start.Value);

    /// <inheritdoc/>
    public void OnCall(in Call call) =>
        Leave(call.Index, call.Function.Value, call.Depth, call.Start.Value, call.Ticks, call.EndedBy, call.End?.Value ?? _calls.Now.Value);

    /// <inheritdoc/>
    public void OnOrphanExit(FunctionId function, TscTime time)
    {
        if (_options.MinTicks > 0)
            return; // how long it took is not known
        Release(time.Value);
        Add(ReplayLineKind.OrphanExit, function.Value, 0, time.Value, null, EndedBy.Exit, time.Value);
    }

    /// <summary>A call began.</summary>
    public void Enter(int function, int depth, ulong start)
    {
        if (_pending.Any)
            Release(start);
        var entry = new ReplayPending.Entry(_entries++, function, depth, start);
        if (_options.IsFlat && _options.MinTicks == 0)
            WriteEntry(entry, start);
        else
            _pending.Add(entry);
    }

    /// <summary>A call ended; <paramref name="ticks"/> null when its end is not known, which showed at <paramref name="now"/>.</summary>
    public void Leave(long index, int function, int depth, ulong start, ulong? ticks, EndedBy how, ulong now)
    {
        int at = _pending.Find(index);
        if (at < 0)
        {
            if (_pending.Any)
                Release(now);
            WriteEnd(function, depth, ticks, how, now);
            return;
        }

        if ((ticks ?? CallTime.Between(start, now)) < _options.MinTicks)
        {
            _pending.Remove(at);
            return;
        }

        for (; at > 0; at--)
            WriteFirst(now); // they began earlier and go on
        bool isLeaf = _pending.IsLast(0) && !_options.IsFlat;
        if (isLeaf)
        {
            _pending.RemoveFirst();
            Add(ReplayLineKind.Leaf, function, depth, now, ticks, how, now);
        }
        else
        {
            WriteFirst(now);
            WriteEnd(function, depth, ticks, how, now);
        }
    }

    // Those that go on for so long that they are shown.
    void Release(ulong now)
    {
        while (_pending.Any && CallTime.Between(_pending.First.Start, now) >= _options.MinTicks)
            WriteFirst(now);
    }

    void WriteFirst(ulong now)
    {
        WriteEntry(_pending.First, now);
        _pending.RemoveFirst();
    }

    void WriteEntry(in ReplayPending.Entry entry, ulong now) =>
        Add(ReplayLineKind.Entry, entry.Function, entry.Depth, entry.Start, null, EndedBy.Unknown, now);

    void WriteEnd(int function, int depth, ulong? ticks, EndedBy how, ulong now)
    {
        if (_options.IsFlat && how == EndedBy.Unknown)
            return; // there is no such event
        Add(ReplayLineKind.End, function, depth, now, ticks, how, now);
    }

    void Add(ReplayLineKind kind, int function, int depth, ulong time, ulong? ticks, EndedBy how, ulong now) =>
        _lines.Add(new ReplayLine { Kind = kind, How = how, Thread = _tid, Function = function, Depth = depth, Time = time, Ticks = ticks }, now);
}
