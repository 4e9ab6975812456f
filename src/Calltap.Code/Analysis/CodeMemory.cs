using System.Runtime.InteropServices;

namespace Calltap.Code.Analysis;

/// <summary>All executable sections of a module: sorted, disjoint, read. What cannot be read is left out.</summary>
internal sealed class CodeMemory
{
    private readonly CodeBytes[] _sections;

    private CodeMemory(CodeBytes[] sections) => _sections = sections;

    /// <summary>The sections by address.</summary>
    internal ReadOnlySpan<CodeBytes> Sections => _sections;

    /// <summary>Reads the sections; of overlapping ones the later loses the shared part.</summary>
    internal static CodeMemory Read(ICodeImage image, IReadOnlyList<CodeRange> ranges)
    {
        var sections = new List<CodeBytes>();
        ImageAddress free = default;
        foreach (CodeRange range in ranges.OrderBy(r => r.Start))
        {
            ImageAddress start = range.Start > free ? range.Start : free;
            long size = range.End > start ? range.End - start : 0;
            // An array is indexed by int: a section of 2 GiB or more is left out, and its functions are refused as unreadable.
            if (size is <= 0 or > int.MaxValue || !image.TryGetBytes(start, new(size), out ReadOnlyMemory<byte> bytes) || bytes.Length != size)
                continue;
            (byte[] data, int offset) = ArrayOf(bytes);
            sections.Add(new(start, start + size, data, offset));
            free = start + size;
        }

        return new([.. sections]);
    }

    /// <summary>The section that holds <paramref name="address"/>, or null.</summary>
    internal CodeBytes? Find(ImageAddress address)
    {
        int index = IndexOf(address);
        return index < 0 ? null : _sections[index];
    }

    /// <summary>The index of the section that holds <paramref name="address"/>, or -1.</summary>
    internal int IndexOf(ImageAddress address)
    {
        int low = 0, high = _sections.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < _sections[middle].Start)
                high = middle - 1;
            else if (address >= _sections[middle].End)
                low = middle + 1;
            else
                return middle;
        }

        return -1;
    }

    private static (byte[] Data, int Offset) ArrayOf(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> segment) ? (segment.Array!, segment.Offset) : (bytes.ToArray(), 0);
}
