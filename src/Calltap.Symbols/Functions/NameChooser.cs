namespace Calltap.Symbols;

/// <summary>Decides which of the names at one address is shown and which are its aliases.</summary>
internal sealed class NameChooser(SymbolSet symbols)
{
    private readonly List<(int Rank, string Name)> _names = [];

    public void Choose(Candidate candidate)
    {
        _names.Clear();
        for (var i = 0; i < candidate.SymbolCount; i++)
            Consider(candidate, candidate.FirstSymbol + i);
        if (_names.Count == 0)
            return;
        if (_names.Count > 1)
            _names.Sort(Compare);
        candidate.Name = _names[0].Name;
        candidate.Aliases = Aliases();
        candidate.IsCold = candidate.HasFunctionSymbol && _names.TrueForAll(n => ColdName.IsCold(n.Name));
    }

    // Labels name a place only when no function symbol does. An IFUNC names what it resolves to, so it comes first: it says
    // whose resolver this is.
    private void Consider(Candidate candidate, int index)
    {
        ref readonly var symbol = ref symbols[index];
        if (candidate.HasFunctionSymbol && !symbol.IsFunction)
            return;
        var name = symbols.NameOf(index);
        if (name.Length == 0)
            return;
        _names.Add((Rank(symbol, name), name));
        var source = symbols.SourceOf(index);
        if (symbol.IsFunction && source < candidate.Source)
            candidate.Source = source;
        if (symbol.IsIfunc)
            candidate.Reason = ExclusionReasons.IfuncResolver;
    }

    // Exported before local, the plain name before _name and __name, strong before weak.
    private static int Rank(in ElfSymbol symbol, string name) =>
        (symbol.IsIfunc ? -1000 : 0) + (symbol.IsLocal ? 100 : 0) + (10 * Underscores(name)) + (symbol.Binding == ElfConstants.StbWeak ? 1 : 0);

    // The prefixes of mangled C++, Rust and D names are no sign of an internal name.
    private static int Underscores(string name)
    {
        if (name.StartsWith("_Z", StringComparison.Ordinal) || name.StartsWith("_R", StringComparison.Ordinal) || name.StartsWith("_D", StringComparison.Ordinal))
            return 0;
        var count = 0;
        while (count < name.Length && count < 3 && name[count] == '_')
            count++;
        return count;
    }

    private static int Compare((int Rank, string Name) left, (int Rank, string Name) right)
    {
        var order = left.Rank.CompareTo(right.Rank);
        if (order == 0)
            order = left.Name.Length.CompareTo(right.Name.Length);
        return order != 0 ? order : string.CompareOrdinal(left.Name, right.Name);
    }

    private IReadOnlyList<string> Aliases()
    {
        if (_names.Count == 1 || (_names.Count == 2 && _names[0].Name == _names[1].Name))
            return [];
        var seen = new HashSet<string>(StringComparer.Ordinal) { _names[0].Name };
        return [.. _names.Select(n => n.Name).Where(seen.Add)];
    }
}
