namespace Calltap.Trace;

/// <summary>
/// Decodes chunks of events by threads of its own before a merge wants them, a bounded number ahead, in the order of their first events: in which they will be wanted
/// but for clocks that step.
/// </summary>
sealed class DecodeAhead : IDisposable
{
    const int AheadPerWorker = 4;

    readonly object _gate = new();
    readonly Job[] _jobs;
    readonly Dictionary<FileOffset, Job> _byOffset = [];
    readonly Stack<TraceEvent[]> _buffers = new();
    readonly Func<ChunkDecoder> _newDecoder;
    readonly ChunkDecoder _own;
    readonly Thread[] _workers;
    int _next;
    int _ahead;
    bool _isOver;

    /// <summary>Begins to decode <paramref name="chunks"/>.</summary>
    public DecodeAhead(IEnumerable<ChunkEntry> chunks, int workers, Func<ChunkDecoder> newDecoder)
    {
        _newDecoder = newDecoder;
        _own = newDecoder();
        _jobs = [.. chunks.OrderBy(chunk => chunk.First).Select(chunk => new Job(chunk))];
        foreach (Job job in _jobs)
            _byOffset.Add(job.Chunk.Offset, job);
        _workers = [.. Enumerable.Range(1, Math.Min(workers, _jobs.Length)).Select(i => new Thread(Work) { Name = $"decode {i}", IsBackground = true })];
        foreach (Thread worker in _workers)
            worker.Start();
    }

    enum State
    {
        Waiting = 0,
        Running = 1,
        Done = 2,
        Taken = 3,
    }

    /// <summary>The events of a chunk, from <see cref="ThreadOrder.MaxHeld"/> on; each chunk once.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="buffer">A buffer that is free; then the one with the events.</param>
    /// <returns>Where they end.</returns>
    /// <exception cref="TraceFormatException">It is damaged.</exception>
    /// <exception cref="IOException">The source failed.</exception>
    public int Take(in ChunkEntry chunk, ref TraceEvent[] buffer)
    {
        Job job = _byOffset[chunk.Offset];
        lock (_gate)
        {
            while (job.State == State.Running)
                Monitor.Wait(_gate);
            if (job.State == State.Done)
            {
                _ahead--;
                _buffers.Push(buffer);
                (buffer, job.Buffer) = (job.Buffer, []);
                Monitor.PulseAll(_gate);
            }

            (bool isDecoded, job.State) = (job.State == State.Done, State.Taken);
            if (isDecoded)
                return job.Failure is { } failure ? throw failure : job.End;
        }

        return _own.Decode(chunk, ThreadOrder.MaxHeld, ref buffer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.PulseAll(_gate);
        }

        foreach (Thread worker in _workers)
            worker.Join();
        _own.Dispose();
    }

    void Work()
    {
        using ChunkDecoder decoder = _newDecoder();
        while (Claim() is { } job)
        {
            try
            {
                job.End = decoder.Decode(job.Chunk, ThreadOrder.MaxHeld, ref job.Buffer);
            }
#pragma warning disable CA1031 // thrown to whom takes the chunk
            catch (Exception e)
#pragma warning restore CA1031
            {
                job.Failure = e;
            }

            lock (_gate)
            {
                job.State = State.Done;
                Monitor.PulseAll(_gate);
            }
        }
    }

    Job? Claim()
    {
        lock (_gate)
        {
            while (!_isOver)
            {
                while (_next < _jobs.Length && _jobs[_next].State == State.Taken)
                    _next++;
                if (_next == _jobs.Length)
                    return null;
                if (_ahead < _workers.Length * AheadPerWorker)
                {
                    Job job = _jobs[_next++];
                    job.State = State.Running;
                    job.Buffer = _buffers.TryPop(out TraceEvent[]? free) ? free : [];
                    _ahead++;
                    return job;
                }

                Monitor.Wait(_gate);
            }

            return null;
        }
    }

    sealed class Job(ChunkEntry chunk)
    {
        public TraceEvent[] Buffer = [];

        public ChunkEntry Chunk { get; } = chunk;

        public int End { get; set; }

        public State State { get; set; }

        public Exception? Failure { get; set; }
    }
}
