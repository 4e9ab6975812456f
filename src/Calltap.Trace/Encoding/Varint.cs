namespace Calltap.Trace;

/// <summary>LEB128 numbers: seven bits a byte, low bits first, the top bit says that more follow.</summary>
static class Varint
{
    /// <summary>Most bytes of a 64-bit number.</summary>
    public const int MaxBytes = 10;

    /// <summary>Maps small numbers of either sign to small numbers.</summary>
    public static uint ZigZag(uint step) => unchecked((step << 1) ^ (uint)((int)step >> 31));

    /// <summary>Undoes <see cref="ZigZag"/>.</summary>
    public static uint UnZigZag(uint value) => unchecked((value >> 1) ^ (0 - (value & 1)));

    /// <summary>
    /// A stack step with the useless low bits taken out: frames are multiples of 8 apart, so that bit 0 tells which form it is.
    /// </summary>
    public static ulong PackStackStep(uint step)
    {
        uint zigzag = ZigZag(unchecked((uint)((int)step >> 3)));
        return (step & 7) == 0 ? (ulong)zigzag << 1 : ((ulong)ZigZag(step) << 1) | 1;
    }

    /// <summary>Undoes <see cref="PackStackStep"/>.</summary>
    public static uint UnpackStackStep(ulong value)
    {
        uint step = UnZigZag((uint)(value >> 1));
        return (value & 1) == 0 ? step << 3 : step;
    }

    /// <summary>Writes <paramref name="value"/> at <paramref name="at"/> and moves it on.</summary>
    public static void Write(Span<byte> buffer, ref int at, ulong value)
    {
        while (value >= 0x80)
        {
            buffer[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        buffer[at++] = (byte)value;
    }

    /// <summary>Reads a number at <paramref name="at"/> and moves it on; false when it is cut off or longer than 64 bits.</summary>
    public static bool TryRead(ReadOnlySpan<byte> buffer, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && (uint)at < (uint)buffer.Length; shift += 7)
        {
            byte next = buffer[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return true;
        }

        return false;
    }
}
