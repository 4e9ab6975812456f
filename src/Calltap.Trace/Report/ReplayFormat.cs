using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Calltap.Trace;

/// <summary>Writes the parts of replay's lines into a buffer, byte by byte: there may be hundreds of millions of them.</summary>
sealed class ReplayFormat(LineBuffer output, TraceClock clock, ulong traceStart)
{
    const int TidWidth = 8, DurationWidth = 16, TimeWidth = 16;
    const int UsDigits = 7, Most = 10_000_000; // microseconds that fit them

    // Deeper calls are not indented further, so that a line stays a line.
    const int MaxIndent = 200;

    /// <summary>What stands at the front of a thread's lines.</summary>
    public static byte[] PrefixOf(Tid tid) => Encoding.UTF8.GetBytes(tid.Value.ToString(CultureInfo.InvariantCulture).PadLeft(TidWidth) + " ");

    /// <summary>The front of a line of a nested call: thread, duration (empty without one), and indent.</summary>
    public void Begin(byte[] prefix, int depth)
    {
        int indent = 2 * Math.Min(depth, MaxIndent);
        Span<byte> line = output.Room(prefix.Length + DurationWidth + 4 + indent);
        prefix.CopyTo(line);
        line[prefix.Length..].Fill((byte)' ');
        line[prefix.Length + DurationWidth + 1] = (byte)'|';
        output.Take(line.Length);
    }

    /// <summary>The same with a duration; null when it is not known.</summary>
    public void Begin(byte[] prefix, int depth, ulong? ticks)
    {
        output.Append(prefix);
        Duration(ticks);
        int indent = 2 * Math.Min(depth, MaxIndent);
        Span<byte> rest = output.Room(4 + indent);
        rest.Fill((byte)' ');
        rest[1] = (byte)'|';
        output.Take(rest.Length);
    }

    /// <summary>The front of a line of an event: seconds since the first event of the trace, and the thread.</summary>
    public void BeginFlat(byte[] prefix, ulong time)
    {
        long ns = clock.ToNs(CallTime.Between(traceStart, time));
        Span<byte> room = output.Room(40 + prefix.Length);
        room[..TimeWidth].Fill((byte)' ');
        long seconds = ns / 1_000_000_000;
        if (!Utf8Formatter.TryFormat(seconds, room[20..], out int digits))
            throw new InvalidOperationException("A number has at most 20 characters.");
        int width = Math.Max(digits + 10, TimeWidth);
        room.Slice(20, digits).CopyTo(room[(width - 10 - digits)..]);
        room[width - 10] = (byte)'.';
        Digits(room.Slice(width - 9, 9), (ulong)(ns % 1_000_000_000));
        room[width] = (byte)' ';
        prefix.CopyTo(room[(width + 1)..]);
        output.Take(width + 1 + prefix.Length);
        output.Append(" "u8);
    }

    /// <summary>A duration of <see cref="DurationWidth"/> or more characters.</summary>
    public void Duration(ulong? ticks)
    {
        if (ticks is not { } known)
        {
            output.Append("            -   "u8);
            return;
        }

        long ns = clock.ToNs(known);
        ulong us = (ulong)ns / 1000;
        if (us >= Most)
        {
            output.Append([MarkOf(ns), (byte)' ']);
            output.Append((long)us);
        }
        else
        {
            Span<byte> front = output.Room(2 + UsDigits);
            front[0] = MarkOf(ns);
            front[1..].Fill((byte)' ');
            int at = front.Length;
            do
            {
                (us, ulong digit) = Math.DivRem(us, 10UL);
                front[--at] = (byte)('0' + digit);
            }
            while (us > 0);
            output.Take(front.Length);
        }

        Span<byte> rest = output.Room(7);
        rest[0] = (byte)'.';
        Digits(rest[1..4], (ulong)(ns % 1000));
        " us"u8.CopyTo(rest[4..]);
        output.Take(rest.Length);
    }

    static void Digits(Span<byte> field, ulong value)
    {
        for (int i = field.Length - 1; i >= 0; i--)
        {
            (value, ulong digit) = Math.DivRem(value, 10UL);
            field[i] = (byte)('0' + digit);
        }
    }

    // As trace_find_mark in the kernel's kernel/trace/trace_output.c.
    static byte MarkOf(long ns) => ns switch
    {
        <= 10_000 => (byte)' ',
        > 1_000_000_000 => (byte)'$',
        > 100_000_000 => (byte)'@',
        > 10_000_000 => (byte)'*',
        > 1_000_000 => (byte)'#',
        > 100_000 => (byte)'!',
        _ => (byte)'+',
    };
}
