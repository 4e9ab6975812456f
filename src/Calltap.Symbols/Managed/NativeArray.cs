namespace Calltap.Symbols;

/// <summary>
/// A sparse array of the runtime: blocks of 16 elements, each a binary tree over the bits of the index (dotnet/runtime, vm/nativeformatreader.h).
/// </summary>
internal readonly ref struct NativeArray
{
    private const int BlockSize = 16;
    private const uint HasLower = 1, HasUpper = 2;

    private readonly ElfCursor _cursor;
    private readonly int _start;
    private readonly int _entrySize;

    /// <param name="cursor">The array is all of what it reads.</param>
    public NativeArray(ElfCursor cursor)
    {
        cursor.Seek(0);
        var header = Unsigned(ref cursor);
        Count = (int)(header >> 2);
        _entrySize = (header & 3) switch { 0 => 1, 1 => 2, _ => 4 };
        _start = cursor.Position;
        _cursor = cursor;
        if ((Count + BlockSize - 1L) / BlockSize * _entrySize > cursor.Remaining)
            throw cursor.Fault($"blocks for {Count} elements");
    }

    public int Count { get; }

    /// <summary>Sets a cursor to an element; false when there is none of that index.</summary>
    /// <exception cref="ElfFormatException">The array ends before.</exception>
    public bool TryFind(int index, out ElfCursor element)
    {
        element = _cursor;
        element.Seek(_start + index / BlockSize * _entrySize);
        element.Seek(_start + (long)(_entrySize switch { 1 => element.U8(), 2 => element.U16(), _ => element.U32() }));
        for (var bit = BlockSize >> 1; bit > 0; bit >>= 1)
        {
            long node = element.Position;
            var value = Unsigned(ref element);
            if ((value & (HasLower | HasUpper)) == 0)
                return value >> 2 == index % BlockSize; // a single element
            var isUpper = (index & bit) != 0;
            if ((value & (isUpper ? HasUpper : HasLower)) == 0)
                return false;
            if (isUpper)
                element.Seek(node + (value >> 2));
        }

        return true;
    }

    /// <summary>A number whose first byte tells its length by its lowest bits.</summary>
    public static uint Unsigned(ref ElfCursor cursor)
    {
        uint first = cursor.U8();
        if ((first & 1) == 0)
            return first >> 1;
        if ((first & 2) == 0)
            return (first | (uint)cursor.U8() << 8) >> 2;
        if ((first & 4) == 0)
            return (first | (uint)cursor.U16() << 8) >> 3;
        if ((first & 8) == 0)
            return (first | (uint)cursor.U16() << 8 | (uint)cursor.U8() << 24) >> 4;
        return (first & 16) == 0 ? cursor.U32() : throw cursor.Fault("a number of at most 5 bytes");
    }
}
