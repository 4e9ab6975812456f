using System.Runtime.ExceptionServices;

namespace Calltap.Trace;

/// <summary>
/// Makes text of lines, in blocks: threads of its own do that, as many at a time as there are, and write the blocks in their order, while the next one fills.
/// </summary>
sealed class ReplayOutput : IDisposable
{
    const int BlockLines = 1 << 12;
    const int MaxText = 1 << 20; // bytes of a block that are held, if not for a single line: names may be long

    readonly Stream _output;
    readonly object _gate = new();
    readonly Queue<Block> _full = new();
    readonly Stack<Block> _free = new();
    readonly Thread[] _workers;
    readonly ReplayFormat _own;
    Block _block = new();
    long _passed;
    long _turn;
    bool _isOver;
    Exception? _failure;

    /// <summary>An output to a stream, to which this writes until <see cref="Finish"/>. Without workers who adds lines does it.</summary>
    public ReplayOutput(Stream output, int workers, Func<ReplayFormat> newFormat)
    {
        (_output, _own) = (output, newFormat());
        for (int i = 0; i < 2 * workers; i++)
            _free.Push(new Block());
        _workers = [.. Enumerable.Range(1, workers).Select(i => new Thread(() => Work(newFormat())) { Name = $"write {i}", IsBackground = true })];
        foreach (Thread worker in _workers)
            worker.Start();
    }

    /// <summary>Adds a line.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Add(in ReplayLine line)
    {
        Block block = _block;
        block.Lines[block.Count] = line;
        if (++block.Count == BlockLines)
            Pass();
    }

    /// <summary>Everything is written; the stream is the caller's again.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Finish()
    {
        Pass();
        Join();
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    /// <inheritdoc/>
    public void Dispose() => Join();

    void Pass()
    {
        _block.Number = _passed++;
        if (_workers.Length == 0)
        {
            Write(_block, _own);
            _block = _free.Pop();
            return;
        }

        lock (_gate)
        {
            while (_free.Count == 0 && _failure is null)
                Monitor.Wait(_gate);
            if (_failure is not null)
                ExceptionDispatchInfo.Throw(_failure);
            _full.Enqueue(_block);
            _block = _free.Pop();
            Monitor.PulseAll(_gate);
        }
    }

    void Join()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.PulseAll(_gate);
        }

        foreach (Thread worker in _workers)
            worker.Join();
    }

    void Work(ReplayFormat format)
    {
        try
        {
            while (Next() is { } block)
                Write(block, format);
        }
#pragma warning disable CA1031 // thrown to whom fills the next block
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                _failure ??= e;
                Monitor.PulseAll(_gate);
            }
        }
    }

    Block? Next()
    {
        lock (_gate)
        {
            while (_full.Count == 0 && !_isOver && _failure is null)
                Monitor.Wait(_gate);
            return _failure is null && _full.TryDequeue(out Block? block) ? block : null;
        }
    }

    void Write(Block block, ReplayFormat format)
    {
        foreach (ref readonly ReplayLine line in block.Lines.AsSpan(0, block.Count))
        {
            format.Write(line);
            if (format.Text.Length >= MaxText && IsTurnOf(block))
                format.Text.WriteTo(_output);
        }

        if (!IsTurnOf(block))
            return;
        format.Text.WriteTo(_output);
        lock (_gate)
        {
            _turn++;
            block.Count = 0;
            _free.Push(block);
            Monitor.PulseAll(_gate);
        }
    }

    // Waits until it is; false when that will never be.
    bool IsTurnOf(Block block)
    {
        lock (_gate)
        {
            while (_turn != block.Number && _failure is null)
                Monitor.Wait(_gate);
            return _failure is null;
        }
    }

    sealed class Block
    {
        public ReplayLine[] Lines { get; } = new ReplayLine[BlockLines];

        public int Count { get; set; }

        public long Number { get; set; }
    }
}
