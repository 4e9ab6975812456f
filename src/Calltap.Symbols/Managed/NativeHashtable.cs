namespace Calltap.Symbols;

/// <summary>A hash table of the runtime, of which all entries are read: where each stands, bucket after bucket (dotnet/runtime, vm/nativeformatreader.h).</summary>
internal ref struct NativeHashtable
{
    private readonly ElfCursor _cursor;
    private readonly int _start;
    private readonly int _entrySize;
    private readonly long _buckets;
    private long _bucket = -1;
    private int _at, _end;

    /// <param name="cursor">The table is all of what it reads.</param>
    public NativeHashtable(ElfCursor cursor)
    {
        cursor.Seek(0);
        var header = cursor.U8();
        _entrySize = (header & 3) switch { 0 => 1, 1 => 2, _ => 4 };
        _start = cursor.Position;
        _cursor = cursor;
        _buckets = 1L << (header >> 2);
        if (header >> 2 > 31 || (_buckets + 1) * _entrySize > cursor.Remaining)
            throw cursor.Fault($"room for 2^{header >> 2} buckets");
    }

    /// <summary>Sets a cursor to the next entry; false when there is none.</summary>
    /// <exception cref="ElfFormatException">The table ends before.</exception>
    public bool TryNext(out ElfCursor entry)
    {
        entry = _cursor;
        while (_at >= _end)
        {
            if (++_bucket >= _buckets)
                return false;
            entry.Seek(_start + _bucket * _entrySize);
            _at = Offset(ref entry);
            _end = Offset(ref entry);
        }

        entry.Seek(_at);
        entry.U8(); // the lowest bits of the hash
        long origin = entry.Position;
        var distance = Signed(ref entry);
        _at = entry.Position;
        entry.Seek(origin + distance);
        return true;
    }

    private readonly int Offset(ref ElfCursor cursor)
    {
        long offset = _entrySize switch { 1 => cursor.U8(), 2 => cursor.U16(), _ => cursor.U32() };
        var bounded = cursor;
        bounded.Seek(_start + offset);
        return bounded.Position;
    }

    // As NativeArray.Unsigned, with a sign.
    private static int Signed(ref ElfCursor cursor)
    {
        var before = cursor.Position;
        var value = NativeArray.Unsigned(ref cursor);
        var unused = 32 - Math.Min((cursor.Position - before) * 7, 32);
        return (int)(value << unused) >> unused;
    }
}
