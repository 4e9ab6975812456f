namespace Calltap.Code.Analysis;

/// <summary>Recognises what assemblers and linkers fill alignment with: the nops of the Intel manual's table 4-12 with any number of
/// 66 and cs prefixes, and int3. Anything else, endbr64 and pause included, is code.</summary>
internal static class Padding
{
    private const byte OperandSize = 0x66;
    private const byte CsSegment = 0x2E;
    private const byte Nop = 0x90;
    private const byte Int3 = 0xCC;

    /// <summary>How many bytes at the start are whole padding instructions.</summary>
    internal static int Measure(ReadOnlySpan<byte> bytes)
    {
        int length = 0;
        while (length < bytes.Length && One(bytes[length..]) is > 0 and int one)
            length += one;
        return length;
    }

    /// <summary>The length of the padding instruction at the start, or 0.</summary>
    internal static int One(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && bytes[at] is OperandSize or CsSegment)
            at++;
        if (at >= bytes.Length || at > 10)
            return 0;
        if (bytes[at] == Int3)
            return at == 0 ? 1 : 0;
        if (bytes[at] == Nop)
            return at + 1;
        // 0F 1F /0: nop r/m with its memory forms.
        if (bytes[at] != 0x0F || at + 2 >= bytes.Length || bytes[at + 1] != 0x1F || (bytes[at + 2] & 0x38) != 0)
            return 0;
        int length = at + 3 + OperandBytes(bytes[(at + 2)..]);
        return length <= bytes.Length ? length : 0;
    }

    // SIB byte and displacement of a ModRM (SDM volume 2, table 2-2).
    private static int OperandBytes(ReadOnlySpan<byte> modRm)
    {
        int mode = modRm[0] >> 6, rm = modRm[0] & 7;
        if (mode == 3)
            return 0;
        int sib = rm == 4 ? 1 : 0;
        bool base32 = mode == 0 && (rm == 5 || sib == 1 && modRm.Length > 1 && (modRm[1] & 7) == 5);
        return sib + mode switch { 1 => 1, 2 => 4, _ => base32 ? 4 : 0 };
    }
}
