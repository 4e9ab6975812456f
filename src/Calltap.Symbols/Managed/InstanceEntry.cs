namespace Calltap.Symbols;

/// <summary>Reads the signature of an instance of a generic method (dotnet/runtime, docs/design/coreclr/botr/readytorun-format.md, "Method Signatures").</summary>
internal static class InstanceEntry
{
    private const uint MethodInstantiation = 4, SlotInsteadOfToken = 8, MemberRef = 0x10, Constrained = 0x20, OwnerType = 0x40, UpdateContext = 0x80, FirstUnknown = 0x100;
    private const byte OfAssembly = 0x3F; // ELEMENT_TYPE_MODULE_ZAPSIG: a number of an assembly, and a type of it

    /// <summary>Reads it, up to where the entry point follows; false when it is of a newer kind.</summary>
    /// <param name="entry">Where it begins.</param>
    /// <param name="method">The method's row in the table of methods, or in that of references; null when it is a row of another assembly.</param>
    /// <exception cref="ElfFormatException">It ends before.</exception>
    public static bool TryRead(ref ElfCursor entry, out (int Row, bool IsReference)? method)
    {
        method = null;
        var flags = Compressed(ref entry);
        if ((flags & SlotInsteadOfToken) != 0 || flags >= FirstUnknown)
            return false;
        var isForeign = (flags & UpdateContext) != 0;
        if (isForeign)
            Compressed(ref entry); // which assembly
        if ((flags & OwnerType) != 0)
        {
            var ahead = entry;
            isForeign |= ahead.U8() == OfAssembly; // the row is that assembly's, too
            if (!SkipType(ref entry, 0))
                return false;
        }

        var row = (int)Compressed(ref entry);
        if (!isForeign)
            method = (row, (flags & MemberRef) != 0);
        return ((flags & MethodInstantiation) == 0 || SkipTypes(ref entry, Compressed(ref entry), 0)) && ((flags & Constrained) == 0 || SkipType(ref entry, 0));
    }

    private static bool SkipTypes(ref ElfCursor entry, uint count, int depth)
    {
        for (; count > 0; count--)
            if (!SkipType(ref entry, depth))
                return false;
        return true;
    }

    /// <summary>ECMA-335 II.23.2.12, and what the runtime has added (ELEMENT_TYPE_..._ZAPSIG).</summary>
    private static bool SkipType(ref ElfCursor entry, int depth)
    {
        if (depth > ManagedNames.MaxDepth)
            return false;
        switch (entry.U8())
        {
            case >= 0x01 and <= 0x0E or 0x16 or 0x18 or 0x19 or 0x1C or 0x3E: // primitive, __Canon
                return true;
            case 0x0F or 0x10 or 0x1D or 0x45 or 0x3D: // pointer, reference, array, pinned, layout of native code
                return SkipType(ref entry, depth + 1);
            case 0x11 or 0x12 or 0x13 or 0x1E or 0x3B: // a type by its token, a type parameter by its number
                Compressed(ref entry);
                return true;
            case 0x14:
                return SkipArray(ref entry, depth + 1);
            case 0x15: // generic type, arguments
                return SkipType(ref entry, depth + 1) && SkipTypes(ref entry, Compressed(ref entry), depth + 1);
            case 0x1B:
                return SkipFunctionPointer(ref entry, depth + 1);
            case 0x1F or 0x20: // modifier
                Compressed(ref entry);
                return SkipType(ref entry, depth + 1);
            case OfAssembly:
                Compressed(ref entry);
                return SkipType(ref entry, depth + 1);
            default:
                return false;
        }
    }

    private static bool SkipArray(ref ElfCursor entry, int depth)
    {
        if (!SkipType(ref entry, depth))
            return false;
        Compressed(ref entry); // rank
        for (var bounds = 0; bounds < 2; bounds++)
            for (var left = Compressed(ref entry); left > 0; left--)
                Compressed(ref entry);
        return true;
    }

    private static bool SkipFunctionPointer(ref ElfCursor entry, int depth)
    {
        const byte generic = 0x10;
        if ((entry.U8() & generic) != 0)
            Compressed(ref entry);
        var parameters = Compressed(ref entry);
        return SkipType(ref entry, depth) && SkipTypes(ref entry, parameters, depth);
    }

    // ECMA-335 II.23.2.
    private static uint Compressed(ref ElfCursor cursor)
    {
        uint first = cursor.U8();
        if ((first & 0x80) == 0)
            return first;
        if ((first & 0xC0) == 0x80)
            return (first & 0x3F) << 8 | cursor.U8();
        return (first & 0xE0) == 0xC0
            ? (first & 0x1F) << 24 | (uint)cursor.U8() << 16 | (uint)cursor.U8() << 8 | cursor.U8()
            : throw cursor.Fault("a number of at most 4 bytes");
    }
}
