namespace Calltap.Code.Analysis;

/// <summary>
/// Which function owns which bytes. Parts are cut at the next part's start, so they are disjoint: hostile symbols that overlap a
/// thousandfold still make each byte be decoded once, and two regions of different functions cannot overlap.
/// </summary>
internal sealed class CodeLayout
{
    private readonly record struct Stated(ImageAddress Start, ImageAddress End, int Function, bool IsEntry);

    private readonly CodePart[] _parts;
    private readonly CodePart[] _grouped;
    private readonly int[] _firstOf;

    private CodeLayout(CodePart[] parts, IReadOnlyList<CodeFunction> functions)
    {
        _parts = parts;
        _firstOf = new int[functions.Count + 1];
        foreach (CodePart part in parts)
            _firstOf[part.Function + 1]++;
        for (int i = 0; i < functions.Count; i++)
            _firstOf[i + 1] += _firstOf[i];
        _grouped = new CodePart[parts.Length];
        int[] next = _firstOf[..^1];
        foreach (CodePart part in parts)
            _grouped[next[part.Function]++] = part;
        for (int i = 0; i < functions.Count; i++)
            EntryFirst(_grouped.AsSpan(_firstOf[i].._firstOf[i + 1]), functions[i].Address);
    }

    /// <summary>All parts by address.</summary>
    internal ReadOnlySpan<CodePart> Parts => _parts;

    /// <summary>The parts of one function: the one with its entry first, if the function has it, then by address.</summary>
    internal ReadOnlySpan<CodePart> Of(int function) => _grouped.AsSpan(_firstOf[function].._firstOf[function + 1]);

    /// <summary>The part that holds <paramref name="address"/>, or null.</summary>
    internal CodePart? Find(ImageAddress address)
    {
        int low = 0, high = _parts.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < _parts[middle].Start)
                high = middle - 1;
            else if (address >= _parts[middle].Limit)
                low = middle + 1;
            else
                return _parts[middle].Contains(address) ? _parts[middle] : null;
        }

        return null;
    }

    /// <exception cref="ArgumentException">The functions are not sorted.</exception>
    /// <param name="functions">The functions, and parts of unknown ones.</param>
    /// <param name="memory">The code.</param>
    /// <param name="ownerOf">The function that each of them belongs to, usually itself.</param>
    internal static CodeLayout Build(IReadOnlyList<CodeFunction> functions, CodeMemory memory, Func<int, int> ownerOf)
    {
        var stated = new List<Stated>(functions.Count);
        for (int i = 0; i < functions.Count; i++)
        {
            CodeFunction function = functions[i];
            if (i > 0 && function.Address < functions[i - 1].Address)
                throw new ArgumentException($"functions must be sorted by address; {function.Address} follows {functions[i - 1].Address}", nameof(functions));
            int owner = ownerOf(i);
            stated.Add(new(function.Address, new CodeRange(function.Address, function.Size).End, owner, owner == i));
            foreach (CodeRange fragment in function.Fragments)
                stated.Add(new(fragment.Start, fragment.End, owner, false));
        }

        stated.Sort(ByStart);
        return new(Cut(stated, memory), functions);
    }

    // Where starts coincide, the first function's entry wins and the others have no such part.
    private static int ByStart(Stated a, Stated b) =>
        a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.IsEntry != b.IsEntry ? b.IsEntry.CompareTo(a.IsEntry) : a.Function.CompareTo(b.Function);

    private static CodePart[] Cut(List<Stated> stated, CodeMemory memory)
    {
        var parts = new List<CodePart>(stated.Count);
        int next;
        for (int i = 0; i < stated.Count; i = next)
        {
            Stated part = stated[i];
            // All that anybody says of it is decoded: a jump in what only the longer of two has would be missed.
            ImageAddress end = part.End;
            for (next = i + 1; next < stated.Count && stated[next].Start == part.Start; next++)
                end = stated[next].End > end ? stated[next].End : end;
            if (memory.Find(part.Start) is not { } section)
                continue;
            ImageAddress limit = next < stated.Count && stated[next].Start < section.End ? stated[next].Start : section.End;
            parts.Add(new(part.Function, part.Start, end < limit ? end : limit, limit, end > limit));
        }

        return [.. parts];
    }

    private static void EntryFirst(Span<CodePart> parts, ImageAddress entry)
    {
        for (int i = 1; i < parts.Length; i++)
        {
            if (parts[i].Start != entry)
                continue;
            CodePart first = parts[i];
            parts[..i].CopyTo(parts[1..]);
            parts[0] = first;
            return;
        }
    }
}
