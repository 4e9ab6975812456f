namespace Calltap.Symbols;

/// <summary>
/// Joins f.cold to f. Names of local functions repeat: a cold part belongs to the local f of its own source file (STT_FILE scope),
/// else to the one global f, else to the only f there is; where that leaves a choice nothing is joined.
/// </summary>
internal sealed class ColdParts(SymbolSet symbols, List<Candidate> candidates)
{
    private readonly record struct Parent(Candidate Function, int Scope, bool IsLocal, byte Table);

    private readonly Dictionary<string, List<Parent>> _parents = new(StringComparer.Ordinal);

    public void Join()
    {
        var colds = candidates.FindAll(c => c.IsCold && c.Reason is null);
        if (colds.Count == 0)
            return;
        foreach (var cold in colds)
            foreach (var index in Named(cold))
                _parents.TryAdd(ColdName.ParentOf(symbols.NameOf(index))!, []);
        foreach (var candidate in candidates)
            if (!candidate.IsCold && candidate.HasFunctionSymbol)
                AddParent(candidate);
        foreach (var cold in colds)
            JoinOne(cold);
    }

    private IEnumerable<int> Named(Candidate candidate)
    {
        for (var i = candidate.FirstSymbol; i < candidate.FirstSymbol + candidate.SymbolCount; i++)
            if (symbols[i].IsFunction && symbols.NameOf(i).Length > 0)
                yield return i;
    }

    private void AddParent(Candidate function)
    {
        for (var i = function.FirstSymbol; i < function.FirstSymbol + function.SymbolCount; i++)
            if (symbols[i].IsFunction && _parents.TryGetValue(symbols.NameOf(i), out var parents))
                parents.Add(new(function, symbols[i].Scope, symbols[i].IsLocal, symbols[i].Table));
    }

    // Identical cold parts may have been folded into one, which then has several names and owners.
    private void JoinOne(Candidate cold)
    {
        string? refusal = null;
        foreach (var index in Named(cold))
        {
            var (parent, reason) = Find(index);
            refusal ??= reason;
            if (parent is not null && !(parent.Fragments ??= []).Contains(cold.Range))
                parent.Fragments.Add(cold.Range);
        }

        cold.Reason = refusal;
    }

    private (Candidate? Parent, string? Reason) Find(int index)
    {
        var parents = _parents[ColdName.ParentOf(symbols.NameOf(index))!];
        var cold = symbols[index];
        var inScope = parents.FindAll(p => p.IsLocal && p.Scope == cold.Scope && p.Table == cold.Table);
        var global = parents.FindAll(p => !p.IsLocal);
        var chosen = Distinct(inScope.Count > 0 ? inScope : global.Count > 0 ? global : parents);
        if (chosen.Count > 1)
            return (null, ExclusionReasons.AmbiguousCold);
        return chosen.Count == 1 && chosen[0].Reason is null ? (chosen[0], null) : (null, ExclusionReasons.OrphanCold);
    }

    private static List<Candidate> Distinct(List<Parent> parents) => [.. parents.Select(p => p.Function).Distinct()];
}
