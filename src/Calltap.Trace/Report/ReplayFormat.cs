using System.Buffers.Text;

namespace Calltap.Trace;

/// <summary>Makes text of replay's lines, byte by byte: there may be hundreds of millions of them. One thread.</summary>
sealed class ReplayFormat(TraceCatalog catalog, ReplayLosses losses, ulong traceStart, bool isFlat)
{
    const int TidWidth = 8, DurationWidth = 16, TimeWidth = 16;
    const int UsDigits = 7, Most = 10_000_000; // microseconds that fit them

    // Deeper calls are not indented further, so that a line stays a line.
    const int MaxIndent = 200;

    readonly TraceClock _clock = catalog.Clock;
    readonly ReplayNames _names = new(catalog);

    /// <summary>The lines so far.</summary>
    public ReplayText Text { get; } = new();

    /// <summary>Appends a line.</summary>
    public void Write(in ReplayLine line)
    {
        if (isFlat)
            WriteFlat(line);
        else
            WriteNested(line);
        Text.Append("\n"u8);
    }

    void WriteNested(in ReplayLine line)
    {
        Tid(line.Thread.Value);
        if (line.Kind is ReplayLineKind.Entry or ReplayLineKind.Loss)
            Spaces(DurationWidth);
        else
            Duration(line.Ticks);
        Indent(line.Depth);
        switch (line.Kind)
        {
            case ReplayLineKind.Entry:
                Text.Append(_names.HeadOf(line.Function));
                Text.Append(" {"u8);
                break;
            case ReplayLineKind.Leaf:
                Text.Append(_names.HeadOf(line.Function));
                Text.Append(line.How == EndedBy.Unwind ? "; /* unwound */"u8 : ";"u8);
                break;
            case ReplayLineKind.Loss:
                Loss(line.Function);
                break;
            default:
                Text.Append("} /* "u8);
                Text.Append(_names.NameOf(line.Function));
                Text.Append(line.Kind == ReplayLineKind.OrphanExit ? " */ /* entered before */"u8 : line.How == EndedBy.Unwind ? " */ /* unwound */"u8 : " */"u8);
                break;
        }
    }

    void WriteFlat(in ReplayLine line)
    {
        Seconds(line.Time);
        Tid(line.Thread.Value);
        Text.Append(" "u8);
        if (line.Kind == ReplayLineKind.Loss)
        {
            Loss(line.Function);
            return;
        }

        Text.Append(line.Kind == ReplayLineKind.Entry ? "enter "u8 : line.How == EndedBy.Unwind ? "unwound "u8 : "leave "u8);
        Text.Append(_names.NameOf(line.Function));
        if (line.Kind == ReplayLineKind.OrphanExit)
        {
            Text.Append(" /* entered before */"u8);
        }
        else if (line.Kind == ReplayLineKind.End)
        {
            Text.Append(" "u8);
            Duration(line.Ticks);
        }
    }

    void Loss(int number)
    {
        (long entries, long exits, long holes) = losses.Of(number);
        Text.Append("/* events lost"u8);
        if (entries >= 0 && exits >= 0 && holes >= 0 && entries + exits + holes > 0)
        {
            Text.Append(": "u8);
            Text.Append(entries);
            Text.Append(" entries, "u8);
            Text.Append(exits);
            Text.Append(" exits, "u8);
            Text.Append(holes);
            Text.Append(" unknown"u8);
        }

        Text.Append(" */"u8);
    }

    void Tid(int tid)
    {
        if (tid is < 0 or > 99_999_999)
        {
            Text.Append(tid);
            Text.Append(" "u8);
            return;
        }

        Span<byte> room = Text.Room(TidWidth + 1);
        Right(room[..TidWidth], (uint)tid);
        room[TidWidth] = (byte)' ';
        Text.Take(room.Length);
    }

    void Spaces(int count)
    {
        Text.Room(count).Fill((byte)' ');
        Text.Take(count);
    }

    // Behind the duration: a bar, and what nests further stands further to the right.
    void Indent(int depth)
    {
        Span<byte> room = Text.Room(4 + (2 * Math.Min(depth, MaxIndent)));
        room.Fill((byte)' ');
        room[1] = (byte)'|';
        Text.Take(room.Length);
    }

    // Since the first event of the trace.
    void Seconds(ulong time)
    {
        long ns = _clock.ToNs(CallTime.Between(traceStart, time));
        Span<byte> room = Text.Room(40);
        room[..TimeWidth].Fill((byte)' ');
        long seconds = ns / 1_000_000_000;
        if (!Utf8Formatter.TryFormat(seconds, room[20..], out int digits))
            throw new InvalidOperationException("A number has at most 20 characters.");
        int width = Math.Max(digits + 10, TimeWidth);
        room.Slice(20, digits).CopyTo(room[(width - 10 - digits)..]);
        room[width - 10] = (byte)'.';
        Digits(room.Slice(width - 9, 9), (ulong)(ns % 1_000_000_000));
        room[width] = (byte)' ';
        Text.Take(width + 1);
    }

    // DurationWidth characters, or more.
    void Duration(ulong? ticks)
    {
        if (ticks is not { } known)
        {
            Text.Append("            -   "u8);
            return;
        }

        long ns = _clock.ToNs(known);
        ulong us = (ulong)ns / 1000;
        if (us >= Most)
        {
            Text.Append([MarkOf(ns), (byte)' ']);
            Text.Append((long)us);
        }
        else
        {
            Span<byte> front = Text.Room(2 + UsDigits);
            front[0] = MarkOf(ns);
            Right(front[1..], us);
            Text.Take(front.Length);
        }

        Span<byte> rest = Text.Room(7);
        rest[0] = (byte)'.';
        Digits(rest[1..4], (ulong)(ns % 1000));
        " us"u8.CopyTo(rest[4..]);
        Text.Take(rest.Length);
    }

    // At the right of a field that it fits into.
    static void Right(Span<byte> field, ulong value)
    {
        field.Fill((byte)' ');
        int at = field.Length;
        do
        {
            (value, ulong digit) = Math.DivRem(value, 10UL);
            field[--at] = (byte)('0' + digit);
        }
        while (value > 0);
    }

    // All of a field, with zeros in front.
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
