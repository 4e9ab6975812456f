using System.Buffers.Binary;

namespace Calltap.Tests.Managed;

/// <summary>
/// How .NET's runtime finds the caller of a method from a program counter in it: as coreclr does (unwinder/amd64/unwinder.cpp, VirtualUnwind, version 1), by the bytes there and the method's
/// unwind data, written for the tests alone.
/// </summary>
internal sealed class Unwinder
{
    private const byte Rex = 0x40, RexW = 0x48, Near = 0xe9, Short = 0xeb;

    private readonly List<(int At, int Kind, long Number)> _codes = []; // the last of the method's start first
    private readonly int _prologue;
    private readonly int _frameRegister; // 0 for none

    private Unwinder(int prologue, int frameRegister) => (_prologue, _frameRegister) = (prologue, frameRegister);

    /// <summary>Where the return address is: so far above rsp, or above the frame register.</summary>
    internal readonly record struct Place(bool ByFrame, long Offset);

    private enum Kind
    {
        Takes,
        SetsFrame,
        Other,
    }

    /// <summary>Reads unwind data; null where they are none of a version and kind that compilers make for a method's main body.</summary>
    internal static Unwinder? Read(ReadOnlySpan<byte> data)
    {
        const int Chained = 4;
        if (data.Length < 4 || (data[0] & 7) != 1 || (data[0] >> 3 & Chained) != 0 || data.Length < 4 + (2 * data[2]))
            return null;
        var unwinder = new Unwinder(data[1], data[3] & 15);
        ReadOnlySpan<byte> slots = data.Slice(4, 2 * data[2]);
        while (slots.Length > 0)
        {
            if (unwinder.Take(slots, data[3] >> 4) is not (> 0 and int taken) || taken > slots.Length)
                return null;
            slots = slots[taken..];
        }

        return unwinder;
    }

    /// <summary>Reads one code.</summary>
    /// <returns>Its bytes; 0 when it is unknown.</returns>
    private int Take(ReadOnlySpan<byte> slots, int frameOffset)
    {
        int information = slots[1] >> 4;
        (int slotsTaken, Kind kind, long number) = (slots[1] & 15, information) switch
        {
            (0, _) => (1, Kind.Takes, 8L),
            (1, 0) => (2, Kind.Takes, 8L * BinaryPrimitives.ReadUInt16LittleEndian(slots[2..])),
            (1, _) => (3, Kind.Takes, BinaryPrimitives.ReadInt32LittleEndian(slots[2..])),
            (2, _) => (1, Kind.Takes, (8L * information) + 8),
            (3, _) => (1, Kind.SetsFrame, 16L * frameOffset),
            (4 or 8, _) => (2, Kind.Other, 0L),
            (5 or 9, _) => (3, Kind.Other, 0L),
            (11, _) => (3, Kind.SetsFrame, 16L * BinaryPrimitives.ReadUInt32LittleEndian(slots[2..])),
            _ => (0, Kind.Other, 0L),
        };
        _codes.Add((slots[0], (int)kind, number));
        return 2 * slotsTaken;
    }

    /// <summary>Where the return address is taken to be.</summary>
    /// <param name="code">The method, from its first byte on, and some bytes behind it.</param>
    /// <param name="size">Its size.</param>
    /// <param name="at">The program counter, from the method's first byte on.</param>
    internal Place At(ReadOnlySpan<byte> code, int size, int at) => Epilogue(code, size, at) ?? Undo(at);

    /// <summary>Whether both are the same where the whole frame stands.</summary>
    internal bool AreSame(Place a, Place b) => a == b || (a.ByFrame != b.ByFrame && ByStack(a) == ByStack(b));

    private long ByStack(Place place) => place.ByFrame ? place.Offset + FrameAboveStack() : place.Offset;

    private long FrameAboveStack()
    {
        long above = 0;
        foreach ((_, int kind, long number) in _codes)
        {
            if (kind == (int)Kind.SetsFrame)
                return above + number;
            above += number;
        }

        return above;
    }

    private Place Undo(int at)
    {
        var place = default(Place);
        foreach ((int from, int kind, long number) in _codes.Where(code => at >= _prologue || code.At <= at))
            place = kind == (int)Kind.SetsFrame ? new Place(true, -number) : place with { Offset = place.Offset + number };
        return place;
    }

    private Place? Epilogue(ReadOnlySpan<byte> code, int size, int at)
    {
        int next = at;
        Place place = Free(code, ref next);
        while (next + 2 < code.Length)
        {
            int prefix = (code[next] & 0xf0) == Rex ? 1 : 0;
            if ((code[next + prefix] & 0xf8) != 0x58)
                break;
            next += 1 + prefix;
            place = place with { Offset = place.Offset + 8 };
        }

        if (code[next] == 0xf2)
            next++;
        return Leaves(code[next..], size, next) ? place : null;
    }

    private Place Free(ReadOnlySpan<byte> code, ref int next)
    {
        ReadOnlySpan<byte> bytes = code[next..];
        if (bytes.Length < 8)
            return default;
        if (bytes[0] == RexW && bytes[1] is 0x83 or 0x81 && bytes[2] == 0xc4)
            return new Place(false, Number(bytes[3..], bytes[1] == 0x83, 3, ref next));
        bool isFrame = (bytes[0] & 0xfe) == RexW && bytes[1] == 0x8d && _frameRegister != 0 && (((bytes[0] & 1) << 3) | (bytes[2] & 7)) == _frameRegister;
        return isFrame && (bytes[2] & 0xf8) is 0x60 or 0xa0 ? new Place(true, Number(bytes[3..], (bytes[2] & 0xf8) == 0x60, 3, ref next)) : default;
    }

    private static long Number(ReadOnlySpan<byte> bytes, bool isByte, int before, ref int next)
    {
        next += before + (isByte ? 1 : sizeof(int));
        return isByte ? (sbyte)bytes[0] : BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    private static bool Leaves(ReadOnlySpan<byte> bytes, int size, int at)
    {
        if (bytes is [0xc3 or 0xc2, ..] or [0xf3, 0xc3, ..] or [0xff, 0x25, ..])
            return true;
        if (bytes is [>= RexW and <= 0x4f, 0xff, var operand, ..])
            return (operand & 0x38) == 0x20;
        long to = bytes switch
        {
            [Short, var distance, ..] => at + 2 + (sbyte)distance,
            [Near, _, _, _, _, ..] => at + 5 + (long)BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]),
            _ => 1,
        };
        return to <= 0 || to >= size;
    }
}
