using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>Which addresses are code: the executable sections, or the executable segments of a file without section headers.</summary>
internal sealed class CodeMap
{
    private readonly ulong[] _starts;
    private readonly ulong[] _ends;

    private CodeMap(IEnumerable<(ulong Start, ulong Size)> ranges)
    {
        var starts = new List<ulong>();
        var ends = new List<ulong>();
        foreach (var (start, size) in ranges.Where(r => r.Size is > 0 and <= long.MaxValue).Order())
        {
            // Overlaps come from damaged files only; the later range loses its overlapped part.
            var from = ends.Count == 0 ? start : Math.Max(start, ends[^1]);
            if (from >= start + size)
                continue;
            starts.Add(from);
            ends.Add(start + size);
        }

        _starts = [.. starts];
        _ends = [.. ends];
    }

    public static CodeMap OfCode(ElfFile file) => file.Sections.Count > 0
        ? new(file.Sections.Where(s => s.IsCode).Select(s => (s.Address, s.Size)))
        : new(file.Segments.Where(s => s.Type == PtLoad && (s.Flags & PfX) != 0).Select(s => (s.Address, s.FileSize)));

    /// <summary>.plt, .plt.sec, .plt.got, .plt.bnd and the .iplt of lld.</summary>
    public static CodeMap OfPlt(ElfFile file) => new(file.Sections
        .Where(s => s.IsCode && (s.Name is ".plt" or ".iplt" || s.Name.StartsWith(".plt.", StringComparison.Ordinal)))
        .Select(s => (s.Address, s.Size)));

    public IReadOnlyList<ImageRange> Ranges =>
        [.. _starts.Zip(_ends, (start, end) => new ImageRange(new(start), new((long)(end - start))))];

    public bool Contains(ulong address) => EndOf(address) != 0;

    /// <summary>The end of the range that holds <paramref name="address"/>; 0 when none does.</summary>
    public ulong EndOf(ulong address)
    {
        var index = Array.BinarySearch(_starts, address);
        if (index < 0)
            index = ~index - 1;
        return index >= 0 && address < _ends[index] ? _ends[index] : 0;
    }
}
