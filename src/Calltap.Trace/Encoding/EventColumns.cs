namespace Calltap.Trace;

/// <summary>The three byte columns of an encoded run of events. Buffers grow and are reused.</summary>
sealed class EventColumns
{
    /// <summary>Most extra bytes one event takes: time (9), site (5), stack step (5).</summary>
    public const int MaxExtraPerEvent = 19;

    byte[] _control = [];
    byte[] _low = [];
    byte[] _extra = [];

    /// <summary>How many events there are.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes used in <see cref="Extra"/>.</summary>
    public int ExtraLength { get; set; }

    /// <summary>One byte per event: how site and stack are given, and the high bits of the time step.</summary>
    public Span<byte> Control => _control.AsSpan(0, Count);

    /// <summary>One byte per event: the low bits of the time step.</summary>
    public Span<byte> Low => _low.AsSpan(0, Count);

    /// <summary>What did not fit the two bytes.</summary>
    public Span<byte> Extra => _extra.AsSpan(0, ExtraLength);

    /// <summary>The whole extra buffer, for writing.</summary>
    public Span<byte> ExtraBuffer => _extra;

    /// <summary>Makes room for <paramref name="count"/> events and <paramref name="extra"/> extra bytes.</summary>
    public void Resize(int count, int extra)
    {
        if (_control.Length < count)
        {
            _control = new byte[count];
            _low = new byte[count];
        }

        if (_extra.Length < extra)
            _extra = new byte[extra];
        Count = count;
        ExtraLength = extra;
    }
}
