using System.Buffers.Text;
using System.Runtime.ExceptionServices;

namespace Calltap.Trace;

/// <summary>Lines of UTF-8 that go to a stream in large blocks, written by a thread of its own while the next block fills.</summary>
sealed class LineBuffer : IDisposable
{
    const int BlockBytes = 1 << 18;
    const int Blocks = 3;

    readonly Stream _output;
    readonly object _gate = new();
    readonly Queue<(byte[] Block, int Length)> _full = new();
    readonly Stack<byte[]> _free = new();
    readonly Thread? _writer;
    byte[] _block = new byte[BlockBytes];
    int _used;
    int _lineStart;
    bool _isOver;
    Exception? _failure;

    /// <summary>A buffer in front of <paramref name="output"/>, which <paramref name="isBackground"/> lets another thread write to until <see cref="Finish"/>.</summary>
    public LineBuffer(Stream output, bool isBackground)
    {
        _output = output;
        if (!isBackground)
            return;
        for (int i = 1; i < Blocks; i++)
            _free.Push(new byte[BlockBytes]);
        _writer = new Thread(Work) { Name = "write", IsBackground = true };
        _writer.Start();
    }

    /// <summary>The line that was begun.</summary>
    public ReadOnlySpan<byte> Line => _block.AsSpan(_lineStart, _used - _lineStart);

    /// <summary>Room for so many bytes more of a line, of which <see cref="Take"/> says how many were used.</summary>
    public Span<byte> Room(int bytes)
    {
        if (_block.Length - _used < bytes)
            MakeRoom(bytes);
        return _block.AsSpan(_used, bytes);
    }

    /// <summary>So many bytes belong to the line.</summary>
    public void Take(int bytes) => _used += bytes;

    /// <summary>Appends to the line.</summary>
    public void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        _used += text.Length;
    }

    /// <summary>Appends a number to the line.</summary>
    public void Append(long number)
    {
        if (!Utf8Formatter.TryFormat(number, Room(20), out int written))
            throw new InvalidOperationException("A number has at most 20 characters.");
        _used += written;
    }

    /// <summary>The line is complete.</summary>
    public void EndLine() => _lineStart = _used;

    /// <summary>The line is not wanted here.</summary>
    public void DropLine() => _used = _lineStart;

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

    void MakeRoom(int bytes)
    {
        byte[] line = Line.ToArray();
        _used = _lineStart;
        Pass();
        if (_block.Length < line.Length + bytes)
            _block = new byte[line.Length + bytes];
        line.CopyTo(_block, 0);
        _used = line.Length;
    }

    void Pass()
    {
        if (_writer is null)
            _output.Write(_block, 0, _used);
        else
            lock (_gate)
                PassOn();
        (_used, _lineStart) = (0, 0);
    }

    void PassOn()
    {
        while (_free.Count == 0 && _failure is null)
            Monitor.Wait(_gate);
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
        _full.Enqueue((_block, _used));
        _block = _free.Pop();
        Monitor.PulseAll(_gate);
    }

    void Join()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.PulseAll(_gate);
        }

        _writer?.Join();
    }

    void Work()
    {
        try
        {
            while (Next() is { } full)
            {
                _output.Write(full.Block, 0, full.Length);
                lock (_gate)
                {
                    _free.Push(full.Block);
                    Monitor.PulseAll(_gate);
                }
            }
        }
#pragma warning disable CA1031 // thrown to whom fills the next block
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                _failure = e;
                Monitor.PulseAll(_gate);
            }
        }
    }

    (byte[] Block, int Length)? Next()
    {
        lock (_gate)
        {
            while (_full.Count == 0 && !_isOver)
                Monitor.Wait(_gate);
            return _full.TryDequeue(out (byte[] Block, int Length) full) ? full : null;
        }
    }
}
