namespace Calltap.Symbols;

/// <summary>Merges the symbols and the unwind entries into one list of candidates by address, each with its size.</summary>
internal sealed class CandidateBuilder(SymbolSet symbols, Fde[] fdes, CodeMap code)
{
    private readonly List<Candidate> _candidates = [];

    /// <summary>Addresses of symbols that are not function symbols, nor at the start of one, ascending.</summary>
    public List<ulong> Labels { get; } = [];

    public List<Candidate> Build()
    {
        var nextFde = 0;
        for (var first = 0; first < symbols.Count;)
        {
            var (count, hasFunction) = Run(first);
            var address = symbols[first].Address;
            for (; nextFde < fdes.Length && fdes[nextFde].Start < address; nextFde++)
                _candidates.Add(new(fdes[nextFde].Start) { Fde = fdes[nextFde] });
            Fde? fde = nextFde < fdes.Length && fdes[nextFde].Start == address ? fdes[nextFde++] : null;
            if (hasFunction || fde is not null)
                _candidates.Add(new(address) { FirstSymbol = first, SymbolCount = count, HasFunctionSymbol = hasFunction, Fde = fde });
            else
                Labels.Add(address);
            first += count;
        }

        for (; nextFde < fdes.Length; nextFde++)
            _candidates.Add(new(fdes[nextFde].Start) { Fde = fdes[nextFde] });
        Measure();
        return _candidates;
    }

    private (int Count, bool HasFunction) Run(int first)
    {
        var address = symbols[first].Address;
        var hasFunction = false;
        var next = first;
        for (; next < symbols.Count && symbols[next].Address == address; next++)
            hasFunction |= symbols[next].IsFunction;
        return (next - first, hasFunction);
    }

    private void Measure()
    {
        Fde? around = null;
        var nextNamed = NextNamed();
        for (var i = 0; i < _candidates.Count; i++)
        {
            var candidate = _candidates[i];
            around = candidate.Fde ?? around;
            var sectionEnd = code.EndOf(candidate.Address);
            var next = i + 1 < _candidates.Count ? Math.Min(_candidates[i + 1].Address, sectionEnd) : sectionEnd;
            if (SymbolSize(candidate) is > 0 and var size)
                candidate.Size = Math.Min(size, sectionEnd - candidate.Address);
            else if (candidate.Fde is { } own)
                candidate.Size = Math.Min(own.Size, EndOfEntry(own, sectionEnd, nextNamed[i]) - candidate.Address);
            else
                Estimate(candidate, around, next);
        }
    }

    // Only unwind data of hand-written code spans several functions: it ends where the next symbol says so.
    private static ulong EndOfEntry(Fde fde, ulong sectionEnd, ulong nextNamed)
    {
        var end = Math.Min(fde.End, sectionEnd);
        return nextNamed < end ? nextNamed : end;
    }

    // For each candidate the address of the next one behind it that has a function symbol.
    private ulong[] NextNamed()
    {
        var next = new ulong[_candidates.Count];
        var named = ulong.MaxValue;
        for (var i = next.Length - 1; i >= 0; i--)
        {
            next[i] = named;
            if (_candidates[i].HasFunctionSymbol)
                named = _candidates[i].Address;
        }

        return next;
    }

    private static void Estimate(Candidate candidate, Fde? around, ulong next)
    {
        var end = around is { } fde && fde.End > candidate.Address ? Math.Min(fde.End, next) : next;
        candidate.Size = end - candidate.Address;
        candidate.SizeIsEstimate = true;
    }

    private ulong SymbolSize(Candidate candidate)
    {
        ulong size = 0;
        for (var i = 0; i < candidate.SymbolCount; i++)
            if (symbols[candidate.FirstSymbol + i] is { IsFunction: true } symbol)
                size = Math.Max(size, symbol.Size);
        return size;
    }
}
