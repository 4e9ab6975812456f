namespace Calltap.Symbols;

/// <summary>
/// Joins f.cold to f. Names of local functions repeat: a cold part belongs to the local f of its own source file (STT_FILE scope),
/// else to the one global f, else to the only f there is; where that leaves a choice nothing is joined.
/// </summary>
internal sealed class ColdParts(SymbolSet symbols, List<Candidate> candidates)
{
    private readonly Dictionary<string, Namesakes> _parents = new(StringComparer.Ordinal);

    public void Join()
    {
        var colds = candidates.FindAll(c => c.IsCold && c.Reason is null);
        if (colds.Count == 0)
            return;
        foreach (var cold in colds)
            foreach (var index in Named(cold))
                _parents.TryAdd(ColdName.ParentOf(symbols.NameOf(index))!, new());
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
                parents.Add(function, symbols[i]);
    }

    // Identical cold parts may have been folded into one, which then has several names and owners.
    private void JoinOne(Candidate cold)
    {
        string? refusal = null;
        foreach (var index in Named(cold))
        {
            var (parent, reason) = Find(index);
            refusal ??= reason;
            if (parent is not null && (parent.Fragments ??= []).LastOrDefault() != cold.Range) // another name of the same part adds it again
                parent.Fragments.Add(cold.Range);
        }

        cold.Reason = refusal;
    }

    private (Candidate? Parent, string? Reason) Find(int index)
    {
        var chosen = _parents[ColdName.ParentOf(symbols.NameOf(index))!].ChoiceFor(symbols[index]);
        if (chosen.IsAmbiguous)
            return (null, ExclusionReasons.AmbiguousCold);
        return chosen.Only is { Reason: null } parent ? (parent, null) : (null, ExclusionReasons.OrphanCold);
    }

    /// <summary>The functions of one name.</summary>
    private sealed class Namesakes
    {
        private readonly Dictionary<(int Scope, byte Table), Choice> _locals = [];
        private readonly Choice _globals = new();
        private readonly Choice _all = new();

        public void Add(Candidate function, in ElfSymbol symbol)
        {
            _all.Add(function);
            if (!symbol.IsLocal)
                _globals.Add(function);
            else if (_locals.TryGetValue((symbol.Scope, symbol.Table), out var inScope))
                inScope.Add(function);
            else
                _locals.Add((symbol.Scope, symbol.Table), new() { Only = function });
        }

        public Choice ChoiceFor(in ElfSymbol cold) =>
            _locals.GetValueOrDefault((cold.Scope, cold.Table)) ?? (_globals.Only is not null ? _globals : _all);
    }

    /// <summary>None, one or several functions.</summary>
    private sealed class Choice
    {
        public Candidate? Only { get; set; }

        public bool IsAmbiguous { get; private set; }

        public void Add(Candidate function)
        {
            IsAmbiguous |= Only is not null && Only != function;
            Only ??= function;
        }
    }
}
