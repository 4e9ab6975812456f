namespace Calltap.Symbols;

/// <summary>Collects where exceptions may enter code: the landing pads in the exception tables (LSDA) of .gcc_except_table.</summary>
internal sealed class LandingPads
{
    private readonly ElfFile _file;
    private readonly CodeMap _code;
    private readonly List<ulong> _pads = [];
    private readonly HashSet<ulong> _unreadable = [];
    private int _callSites;

    private LandingPads(ElfFile file, CodeMap code)
    {
        _file = file;
        _code = code;
    }

    /// <param name="Pads">Sorted, without repeats.</param>
    /// <param name="UnreadableStarts">Starts of the entries whose table cannot be read.</param>
    public readonly record struct Result(ImageAddress[] Pads, IReadOnlySet<ulong> UnreadableStarts);

    public static Result Read(ElfFile file, CodeMap code, Fde[] fdes)
    {
        var reader = new LandingPads(file, code);
        foreach (var fde in fdes)
            if (fde.Lsda != 0)
                reader.TryAdd(fde);
        return new(AddressList.SortedDistinct(reader._pads), reader._unreadable);
    }

    // Some personality routine may have a table of its own making: that costs its functions, not the whole file.
    private void TryAdd(in Fde fde)
    {
        try
        {
            Add(fde);
        }
        catch (ElfFormatException) when (_unreadable.Count < _file.Limits.UnreadableExceptionTables && _callSites <= _file.Limits.CallSites)
        {
            _unreadable.Add(fde.Start);
        }
    }

    // Itanium C++ ABI exception tables: LPStart, TType, call sites (start, length, landing pad, action).
    private void Add(in Fde fde)
    {
        var table = _file.BytesFrom(fde.Lsda).Span;
        var cursor = new ElfCursor(table, _file.Path, 0, $"the exception table at 0x{fde.Lsda:x}");
        var pointers = new EhPointer(_file, fde.Lsda, 0);
        var startEncoding = cursor.U8();
        var padBase = startEncoding == EhPointer.Omit ? fde.Start : pointers.Read(ref cursor, startEncoding, fde.Start);
        if (cursor.U8() != EhPointer.Omit)
            cursor.Uleb();
        var encoding = cursor.U8();
        var length = cursor.Length();
        var end = cursor.Position + length;
        while (cursor.Position < end)
            AddCallSite(ref cursor, encoding, padBase);
    }

    private void AddCallSite(ref ElfCursor cursor, byte encoding, ulong padBase)
    {
        if (++_callSites > _file.Limits.CallSites)
            throw cursor.Fault($"at most {_file.Limits.CallSites} call sites");
        EhPointer.ReadValue(ref cursor, encoding);
        EhPointer.ReadValue(ref cursor, encoding);
        var pad = EhPointer.ReadValue(ref cursor, encoding);
        cursor.Uleb();
        var address = unchecked(padBase + pad);
        if (pad != 0 && _code.Contains(address))
            _pads.Add(address);
    }
}
