namespace Calltap.Patching;

/// <summary>
/// The regions of a batch that hold several instructions, sorted by address: answers whether an address is an
/// instruction inside one, and where a thread found there goes on. Read by the guard, which must not allocate.
/// </summary>
sealed class RegionMap : IStackWords
{
    readonly ulong[] _starts;
    readonly Poke[] _pokes;
    readonly bool[] _deferred;
    readonly bool[] _active;

    /// <param name="sorted">Pokes that need clearing, by address.</param>
    public RegionMap(IReadOnlyList<Poke> sorted)
    {
        _pokes = [.. sorted];
        _starts = [.. sorted.Select(poke => poke.Site.Address.Value)];
        _deferred = new bool[_pokes.Length];
        _active = new bool[_pokes.Length];
        _active.AsSpan().Fill(true);
    }

    /// <summary>
    /// Only these regions count from here on: those whose tails change next. Not while the guard looks; a phase that is asked for later sees it
    /// (Guard.Run).
    /// </summary>
    public void Activate(IReadOnlyList<Poke> pokes)
    {
        _active.AsSpan().Clear();
        foreach (Poke poke in pokes)
            if (Array.BinarySearch(_starts, poke.Site.Address.Value) is >= 0 and int index) _active[index] = true;
    }

    public bool IsEmpty => _pokes.Length == 0;

    public int DeferredCount { get; private set; }

    /// <summary>Lowest and highest address that can be inside a region: a cheap first test.</summary>
    public (TargetAddress Low, TargetAddress High) Bounds => IsEmpty
        ? default
        : (new(_starts[0]), new(_starts[^1] + (ulong)_pokes[^1].Site.Plan.Length));

    /// <summary>A saved context may point here.</summary>
    public void Found(ulong word)
    {
        int region = FindInterior(word);
        if (region >= 0) Defer(region);
    }

    /// <summary>A saved context may point anywhere: no region may change.</summary>
    public void Unseen()
    {
        for (int i = 0; i < _pokes.Length; i++) Defer(i);
    }

    /// <summary>The poke whose region holds <paramref name="address"/> behind its first byte; -1 when none does.</summary>
    public int FindInterior(ulong address)
    {
        int index = Array.BinarySearch(_starts, address);
        if (index >= 0) return -1; // the first byte itself: an int3 stands there
        index = ~index - 1;
        if (index < 0) return -1;
        ulong offset = address - _starts[index];
        return _active[index] && offset < (ulong)_pokes[index].Site.Plan.CodeLength ? index : -1;
    }

    /// <summary>Where a thread at <paramref name="address"/> in region <paramref name="index"/> goes on.</summary>
    /// <returns>False when the address is no instruction start: then nobody can say.</returns>
    public bool TryMove(int index, ulong address, out ulong destination)
    {
        Poke poke = _pokes[index];
        int offset = (int)(address - _starts[index]), rank = 0;
        destination = 0;
        if (!poke.Site.Plan.InteriorStarts.Contains(offset)) return false;
        uint below = poke.Site.Plan.InteriorStarts.Mask & ((1u << offset) - 1);
        rank = System.Numerics.BitOperations.PopCount(below);
        destination = poke.Stub!.Interior[rank].Value;
        return true;
    }

    /// <summary>Leaves this region out of the batch: a saved context points into it.</summary>
    public void Defer(int index)
    {
        if (_deferred[index]) return;
        _deferred[index] = true;
        DeferredCount++;
    }

    /// <summary>The pokes left out, of those that count now.</summary>
    public IEnumerable<Poke> Deferred
    {
        get
        {
            for (int i = 0; i < _deferred.Length; i++)
                if (_deferred[i] && _active[i]) yield return _pokes[i];
        }
    }
}
