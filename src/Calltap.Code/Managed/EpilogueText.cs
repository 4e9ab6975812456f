namespace Calltap.Code.Managed;

/// <summary>What the runtime's unwinder takes for an epilogue, by the bytes alone.</summary>
public static class EpilogueText
{
    private const byte RexMask = 0xf0, Rex = 0x40, RexW = 0x48;

    /// <summary>
    /// Whether bytes may be taken for the rest of an epilogue, a bare return or jump among them; true as well where they end before that is certain.
    /// </summary>
    public static bool MayBe(ReadOnlySpan<byte> text)
    {
        int at = 0;
        if (text is [RexW, 0x83, 0xc4, ..])
            at = 4;
        else if (text is [RexW, 0x81, 0xc4, ..])
            at = 7;
        else if (text is [RexW or 0x49, 0x8d, ..])
            return true;
        for (; at < text.Length; at++)
        {
            bool pops = (text[at] & 0xf8) == 0x58 || ((text[at] & RexMask) == Rex && at + 1 < text.Length && (text[at + 1] & 0xf8) == 0x58);
            if (!pops)
                break;
            at += (text[at] & RexMask) == Rex ? 1 : 0;
        }

        return at >= text.Length || Ends(text[at..]);
    }

    // A return, with a prefix perhaps; a near jump; a jump through memory or, by REX.W, a register.
    private static bool Ends(ReadOnlySpan<byte> text) => text switch
    {
        [0xc3 or 0xc2 or 0xeb or 0xe9, ..] => true,
        [0xf2 or 0xf3] or [0xff] or [>= RexW and <= 0x4f] or [>= RexW and <= 0x4f, 0xff] => true, // the rest is not known
        [0xf2 or 0xf3, 0xc3 or 0xc2, ..] or [0xff, 0x25, ..] => true,
        [>= RexW and <= 0x4f, 0xff, var operand, ..] => (operand >> 3 & 7) == 4,
        _ => false,
    };
}
