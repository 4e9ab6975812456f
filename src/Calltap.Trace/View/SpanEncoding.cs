using System.Buffers;
using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>Spans as bytes that a browser takes for typed arrays as they are, little-endian.</summary>
/// <remarks>
/// For each thread, at a multiple of 8: u32 id, u32 number of spans n, u32 number of gaps g, u32 rows of the thread; f64 resolution in ns; f64 start[n], f64 width[n] in ns
/// from the first event of the trace; f64 gap start[g], f64 gap end[g]; u32 function[n] (of the longest call), u32 longest call[n], u32 calls[n], u32 without a known end[n],
/// u32 row[n], u32 lost[g]; u8 busy[n], in 255ths of the width; zeros to a multiple of 8.
/// </remarks>
public static class SpanEncoding
{
    const int Alignment = 8;

    /// <summary>Writes what of a thread is drawn.</summary>
    public static void Write(TraceView view, ThreadLane lane, LaneSpans found, ArrayBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(lane);
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(output);
        IReadOnlyList<CallSpan> spans = found.Spans;
        IReadOnlyList<LostGap> gaps = found.Gaps;
        Put<uint>(output, [(uint)lane.Id.Value, (uint)spans.Count, (uint)gaps.Count, (uint)lane.Rows]);
        Put<double>(output, [view.Clock.ToNs(found.Resolution)]);
        Put(output, spans, span => (double)view.NsAt(span.Start));
        Put(output, spans, span => (double)view.Clock.ToNs(span.Width));
        Put(output, gaps, gap => (double)view.NsAt(gap.From));
        Put(output, gaps, gap => (double)view.NsAt(gap.To));
        Put(output, spans, span => (uint)lane[span.Longest].Function);
        Put(output, spans, span => (uint)span.Longest);
        Put(output, spans, span => (uint)span.Calls);
        Put(output, spans, span => (uint)span.Unknown);
        Put(output, spans, span => (uint)span.Row);
        Put(output, gaps, gap => (uint)Math.Min(gap.Lost, uint.MaxValue));
        Put(output, spans, span => span.Width == 0 ? byte.MaxValue : (byte)Math.Min(byte.MaxValue, 255.0 * span.Busy / span.Width));
        int odd = output.WrittenCount % Alignment;
        if (odd > 0)
            Put(output, new byte[Alignment - odd]);
    }

    static void Put<TItem, T>(ArrayBufferWriter<byte> output, IReadOnlyList<TItem> items, Func<TItem, T> value)
        where T : unmanaged
    {
        var values = new T[items.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = value(items[i]);
        Put(output, values);
    }

    static void Put<T>(ArrayBufferWriter<byte> output, T[] values)
        where T : unmanaged => output.Write(MemoryMarshal.AsBytes(values.AsSpan()));
}
