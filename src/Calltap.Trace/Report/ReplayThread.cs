namespace Calltap.Trace;

/// <summary>
/// The lines of one thread. An entry is held back until the next event tells whether it is a leaf (<c>name();</c> or <c>name() {</c>), and until it is known to
/// take as long as is asked for.
/// </summary>
sealed class ReplayThread : ICallVisitor
{
    readonly ReplayOptions _options;
    readonly ReplayNames _names;
    readonly ReplayFormat _format;
    readonly LineBuffer _output;
    readonly ReplayLines _lines;
    readonly CallTreeBuilder _calls;
    readonly ReplayPending _pending = new();
    readonly byte[] _prefix;
    long _entries;
    LostRecord _lost;

    /// <summary>The lines of a thread.</summary>
    public ReplayThread(Tid tid, TraceCatalog catalog, ExitCoverage coverage, ReplayOptions options, ReplayNames names, ReplayFormat format, LineBuffer output, ReplayLines lines)
    {
        (_options, _names, _format, _output, _lines) = (options, names, format, output, lines);
        _prefix = ReplayFormat.PrefixOf(tid);
        _calls = new CallTreeBuilder(catalog.Sites, coverage, this, options.Scope);
    }

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
        (long entries, long exits, long holes) = (lost.Entries - _lost.Entries, lost.Exits - _lost.Exits, lost.Holes - _lost.Holes);
        _lost = lost;
        if (_options.IsFlat)
            _format.BeginFlat(_prefix, lost.Time.Value);
        else
            _format.Begin(_prefix, 0);
        _output.Append("/* events lost"u8);
        if (entries >= 0 && exits >= 0 && holes >= 0 && entries + exits + holes > 0)
        {
            _output.Append(": "u8);
            _output.Append(entries);
            _output.Append(" entries, "u8);
            _output.Append(exits);
            _output.Append(" exits, "u8);
            _output.Append(holes);
            _output.Append(" unknown"u8);
        }

        End(lost.Time.Value, " */\n"u8);
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
        if (_options.IsFlat)
        {
            _format.BeginFlat(_prefix, time.Value);
            _output.Append("leave "u8);
            _output.Append(_names.NameOf(function.Value));
            End(time.Value, " /* entered before */\n"u8);
            return;
        }

        _format.Begin(_prefix, 0, null);
        _output.Append("} /* "u8);
        _output.Append(_names.NameOf(function.Value));
        End(time.Value, " */ /* entered before */\n"u8);
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
            WriteLeaf(function, depth, ticks, how, now);
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

    void WriteEntry(in ReplayPending.Entry entry, ulong now)
    {
        if (_options.IsFlat)
        {
            _format.BeginFlat(_prefix, entry.Start);
            _output.Append("enter "u8);
            _output.Append(_names.NameOf(entry.Function));
            End(now, "\n"u8);
            return;
        }

        _format.Begin(_prefix, entry.Depth);
        _output.Append(_names.HeadOf(entry.Function));
        End(now, " {\n"u8);
    }

    void WriteLeaf(int function, int depth, ulong? ticks, EndedBy how, ulong now)
    {
        _format.Begin(_prefix, depth, ticks);
        _output.Append(_names.HeadOf(function));
        End(now, how == EndedBy.Unwind ? "; /* unwound */\n"u8 : ";\n"u8);
    }

    void WriteEnd(int function, int depth, ulong? ticks, EndedBy how, ulong now)
    {
        if (_options.IsFlat)
        {
            WriteFlatEnd(function, ticks, how, now);
            return;
        }

        _format.Begin(_prefix, depth, ticks);
        _output.Append("} /* "u8);
        _output.Append(_names.NameOf(function));
        End(now, how == EndedBy.Unwind ? " */ /* unwound */\n"u8 : " */\n"u8);
    }

    void WriteFlatEnd(int function, ulong? ticks, EndedBy how, ulong now)
    {
        if (how == EndedBy.Unknown)
            return; // there is no such event
        _format.BeginFlat(_prefix, now);
        _output.Append(how == EndedBy.Unwind ? "unwound "u8 : "leave "u8);
        _output.Append(_names.NameOf(function));
        _output.Append(" "u8);
        _format.Duration(ticks);
        End(now, "\n"u8);
    }

    void End(ulong now, ReadOnlySpan<byte> text)
    {
        _output.Append(text);
        _lines.End(now);
    }
}
