using System.Runtime.CompilerServices;

namespace Calltap.Patching;

/// <summary>The sites of a run of pages that change together, and what each pass makes of the run's image.</summary>
/// <remarks>
/// What runs in the window runs over plain arrays that were filled before it, and is compiled at full speed at once:
/// with 100,000 sites anything more costs tens of milliseconds while every call of a site is a trap.
/// </remarks>
sealed class PatchSites
{
    readonly PatchRun _run;
    readonly int[] _offsets;
    readonly PatchBytes[] _before;
    readonly PatchBytes[] _after;
    readonly PatchBytes[] _original;
    readonly bool[] _deferred;

    /// <param name="run">The pages.</param>
    /// <param name="pokes">By address.</param>
    public PatchSites(PatchRun run, Poke[] pokes)
    {
        _run = run;
        Pokes = pokes;
        _offsets = new int[pokes.Length];
        _before = new PatchBytes[pokes.Length];
        _after = new PatchBytes[pokes.Length];
        _original = new PatchBytes[pokes.Length];
        _deferred = new bool[pokes.Length];
        for (int i = 0; i < pokes.Length; i++)
        {
            Site site = pokes[i].Site;
            _offsets[i] = checked((int)(site.Address - run.Start));
            (_before[i], _after[i], _original[i]) = (site.Installed, pokes[i].To, site.Original);
        }
    }

    /// <summary>Their pokes.</summary>
    public IReadOnlyList<Poke> Pokes { get; }

    /// <summary>The pages.</summary>
    public PatchRun Run => _run;

    /// <summary>Leaves a site out from pass 2 on; not here when it is another's.</summary>
    public void Defer(TargetAddress site)
    {
        if (site < _run.Start || site >= _run.End) return;
        if (Array.BinarySearch(_offsets, (int)(site - _run.Start)) is >= 0 and int index) _deferred[index] = true;
    }

    /// <summary>The first site whose bytes in the image are not those installed; null when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public TargetAddress? FindChanged()
    {
        for (int i = 0; i < _offsets.Length; i++)
            if (PatchBytes.From(_run.Image.AsSpan(_offsets[i], _before[i].Size), _before[i].Size) != _before[i]) return _run.Start + _offsets[i];
        return null;
    }

    /// <summary>A site that is not as in the file, by the image; null when all are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Poke? FindArmed()
    {
        for (int i = 0; i < _offsets.Length; i++)
            if (PatchBytes.From(_run.Image.AsSpan(_offsets[i], _original[i].Size), _original[i].Size) != _original[i]) return Pokes[i];
        return null;
    }

    /// <summary>A site of the run that was armed before the passes began, as its image tells; null when there was none.</summary>
    public Poke? Witness { get; private set; }

    /// <summary>Before the passes.</summary>
    public void Begin() => Witness = _run.FindArmed();

    /// <summary>The first site that is to get new bytes; null when all are deferred.</summary>
    public Poke? FirstChanging => Array.IndexOf(_deferred, false) is >= 0 and int index ? Pokes[index] : null;

    /// <summary>Pass 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void PutBreakpoints()
    {
        foreach (int offset in _offsets) _run.Image[offset] = PatchBytes.Int3;
    }

    /// <summary>Pass 2; deferred sites get their head back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void PutTails()
    {
        for (int i = 0; i < _offsets.Length; i++)
        {
            if (_deferred[i]) _run.Image[_offsets[i]] = _before[i].Head;
            else _after[i].TailTo(_run.Image.AsSpan(_offsets[i] + 1));
        }
    }

    /// <summary>Pass 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void PutHeads()
    {
        for (int i = 0; i < _offsets.Length; i++)
            if (!_deferred[i]) _run.Image[_offsets[i]] = _after[i].Head;
    }
}
