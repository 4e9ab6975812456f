namespace Calltap.Symbols;

/// <summary>What the entries below a common information entry need of it.</summary>
internal sealed record Cie(byte PointerEncoding, byte LsdaEncoding, bool HasAugmentationData, bool IsSignalFrame, CfaState Initial)
{
    private const int AugmentationLimit = 16;

    /// <summary>Reads the entry behind its id; null when its augmentation is one that cannot be skipped.</summary>
    public static Cie? Read(ElfCursor cursor, int instructionLimit)
    {
        var version = cursor.U8();
        if (version is not (1 or 3))
            throw cursor.Fault($"a CIE of version 1 or 3 rather than {version}");
        var augmentation = cursor.CString(AugmentationLimit);
        if (augmentation.Length > 0 && augmentation[0] != 'z')
            return null;
        cursor.Uleb();
        cursor.Sleb();
        if (version == 1)
            cursor.U8();
        else
            cursor.Uleb();
        var data = ReadData(ref cursor, augmentation);
        if (cursor.Remaining > instructionLimit)
            throw cursor.Fault($"at most {instructionLimit} bytes of CIE instructions");
        return data with { Initial = CfaState.Start.After(ref cursor) };
    }

    private static Cie ReadData(ref ElfCursor cursor, ReadOnlySpan<byte> augmentation)
    {
        var cie = new Cie(0, EhPointer.Omit, augmentation.Length > 0, false, default);
        if (augmentation.Length == 0)
            return cie;
        var length = cursor.Length();
        var end = cursor.Position + length;
        foreach (var letter in augmentation[1..])
        {
            if (letter == 'R')
                cie = cie with { PointerEncoding = cursor.U8() };
            else if (letter == 'L')
                cie = cie with { LsdaEncoding = cursor.U8() };
            else if (letter == 'P')
                EhPointer.ReadValue(ref cursor, cursor.U8());
            else if (letter == 'S')
                cie = cie with { IsSignalFrame = true };
            else
                break;
        }

        cursor.Seek(end);
        return cie;
    }
}
