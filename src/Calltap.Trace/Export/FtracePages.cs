using System.Buffers.Binary;

namespace Calltap.Trace;

/// <summary>
/// Makes pages of ftrace's ring buffer, those of each track together: u64 time of the first event, u64 bytes used, and
/// events behind each other, each with the time since the one before.
/// </summary>
sealed class FtracePages(MonotonicNs start, Stream output, TraceDatTracks tracks) : ITrackVisitor
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = 4096;

    const int HeaderBytes = 16;

    // An event begins with a word: in the low five bits its length in words, or what else it is; above them the time since the one before.
    const int DeltaBits = 27, TypeBits = 5, TimeExtend = 30;
    const int EntryBytes = 24, ExitBytes = 40, LostBytes = 32;

    readonly byte[] _page = new byte[PageBytes];
    readonly Stack<long> _starts = new();
    int _filled;
    long _last;
    int _pid;

    /// <inheritdoc/>
    public void OnTrack(Track track)
    {
        tracks.Begin(track);
        _pid = track.Id;
        (_filled, _last) = (0, 0);
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, long ns)
    {
        tracks.Functions.Add(function);
        Span<byte> data = Add(ns, EntryBytes, TraceDatFormats.EntryId);
        BinaryPrimitives.WriteUInt64LittleEndian(data[8..], TraceDatNames.AddressOf(function));
        BinaryPrimitives.WriteInt32LittleEndian(data[16..], _starts.Count);
        _starts.Push(ns);
    }

    /// <inheritdoc/>
    public void OnExit(in Call call, long ns)
    {
        long entered = _starts.Pop();
        Span<byte> data = Add(ns, ExitBytes, TraceDatFormats.ExitId);
        BinaryPrimitives.WriteUInt64LittleEndian(data[8..], TraceDatNames.AddressOf(call.Function));
        BinaryPrimitives.WriteInt64LittleEndian(data[16..], start.Value + entered);
        BinaryPrimitives.WriteInt64LittleEndian(data[24..], start.Value + ns);
        BinaryPrimitives.WriteInt32LittleEndian(data[36..], _starts.Count);
    }

    /// <inheritdoc/>
    public void OnLost(in TrackLoss loss, long ns) => AddCounts(ns, TraceDatFormats.LostId, loss.Entries, loss.Exits, loss.Holes);

    /// <inheritdoc/>
    public void OnEnd(ExportTotals totals, long ns)
    {
        ArgumentNullException.ThrowIfNull(totals);
        if (totals.OrphanExits > 0)
            AddCounts(ns, TraceDatFormats.OrphansId, 0, totals.OrphanExits, 0);
        EndPage();
    }

    void AddCounts(long ns, ushort type, long entries, long exits, long holes)
    {
        Span<byte> data = Add(ns, LostBytes, type);
        BinaryPrimitives.WriteInt64LittleEndian(data[8..], entries);
        BinaryPrimitives.WriteInt64LittleEndian(data[16..], exits);
        BinaryPrimitives.WriteInt64LittleEndian(data[24..], holes);
    }

    // The space of an event, with what all begin with: type, flags, pid.
    Span<byte> Add(long ns, int bytes, ushort type)
    {
        // A loss before the first event of a track is told with the time at which it was seen, which may be behind that event.
        ns = Math.Max(ns, _last);
        long delta = ns - _last;
        bool isFar = delta >> DeltaBits != 0;
        int wanted = sizeof(uint) + bytes + (isFar ? 2 * sizeof(uint) : 0);
        if (_filled == 0 || _filled + wanted > PageBytes)
        {
            EndPage();
            BeginPage(ns);
            (delta, isFar) = (0, false);
        }

        if (isFar)
        {
            Word(TimeExtend | ((uint)delta << TypeBits));
            Word((uint)(delta >> DeltaBits));
            delta = 0;
        }

        Word((uint)(bytes / sizeof(uint)) | ((uint)delta << TypeBits));
        _last = ns;
        Span<byte> data = _page.AsSpan(_filled, bytes);
        data.Clear();
        _filled += bytes;
        BinaryPrimitives.WriteUInt16LittleEndian(data, type);
        BinaryPrimitives.WriteInt32LittleEndian(data[4..], _pid);
        return data;
    }

    void BeginPage(long ns)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_page, start.Value + ns);
        _filled = HeaderBytes;
        _last = ns;
    }

    void EndPage()
    {
        if (_filled == 0)
            return;
        _page.AsSpan(_filled).Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(_page.AsSpan(8), (ulong)(_filled - HeaderBytes));
        output.Write(_page);
        tracks.AddPage();
        _filled = 0;
    }

    void Word(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan(_filled), value);
        _filled += sizeof(uint);
    }
}
