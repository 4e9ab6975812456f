namespace Calltap.Patching;

/// <summary>
/// What breakpoints stand for in a window: those of the batch for what their sites become, those that stay for their stubs. One that stays and is in the batch stands for its stub until the first pass
/// begins: only from then on do the sites of its function change. Written by the window's thread, read by the guard's.
/// </summary>
sealed class BreakpointAnswers
{
    readonly IReadOnlyCollection<Site> _standing;
    volatile IReadOnlyDictionary<ulong, Poke> _now = new Dictionary<ulong, Poke>();

    /// <param name="standing">Where breakpoints stay when the window opens.</param>
    public BreakpointAnswers(IReadOnlyCollection<Site> standing) => _standing = standing;

    /// <summary>One alone.</summary>
    public static BreakpointAnswers Of(Poke poke)
    {
        var answers = new BreakpointAnswers([]);
        answers.Begin([poke]);
        return answers;
    }

    /// <summary>By the sites' addresses.</summary>
    public IReadOnlyDictionary<ulong, Poke> Now => _now;

    /// <summary>Before the first pass.</summary>
    /// <returns>All, by address.</returns>
    public IReadOnlyList<Poke> Prepare(IReadOnlyList<Poke> batch) => Set(_standing.Select(Poke.MakeStay).Concat(batch), batch);

    /// <summary>From the first pass on.</summary>
    /// <returns>All, by address.</returns>
    public IReadOnlyList<Poke> Begin(IReadOnlyList<Poke> batch) => Set(batch.Concat(_standing.Select(Poke.MakeStay)), batch);

    IReadOnlyList<Poke> Set(IEnumerable<Poke> bestFirst, IReadOnlyList<Poke> batch)
    {
        IReadOnlyList<Poke> all = _standing.Count == 0 ? batch : [.. bestFirst.DistinctBy(poke => poke.Site.Address).OrderBy(poke => poke.Site.Address)];
        _now = all.ToDictionary(poke => poke.Site.Address.Value);
        return all;
    }
}
