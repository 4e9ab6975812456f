namespace Calltap.Patching;

/// <summary>
/// Watches, at the end of a disarming window, whether a thread is still in an arena or will come back to it: then the
/// arena is left mapped rather than unmapped on a guess.
/// </summary>
sealed class ArenaWatch : IStackWords
{
    readonly (ulong Start, ulong End, int Owner)[] _arenas;
    readonly bool[] _seen;
    bool _complete;

    /// <param name="owners">The arenas of each of those who have some.</param>
    public ArenaWatch(IReadOnlyList<IReadOnlyList<(TargetAddress Start, long Size)>> owners)
    {
        _arenas = [.. owners.SelectMany((arenas, owner) => arenas.Select(a => (a.Start.Value, (a.Start + a.Size).Value, owner)))];
        _seen = new bool[owners.Count];
        if (_arenas.Length > 0) Bounds = (new(_arenas.Min(a => a.Start)), new(_arenas.Max(a => a.End)));
    }

    /// <summary>A thread may be in an arena of this owner: true until a window has looked at every thread and seen none.</summary>
    public bool InUse(int owner) => !_complete || _seen[owner];

    /// <summary>Every thread was looked at.</summary>
    public void Complete() => _complete = true;

    /// <inheritdoc/>
    public (TargetAddress Low, TargetAddress High) Bounds { get; }

    /// <inheritdoc/>
    public void Found(ulong word)
    {
        foreach ((ulong start, ulong end, int owner) in _arenas)
            if (word >= start && word < end) _seen[owner] = true;
    }

    /// <inheritdoc/>
    public void Unseen() => _seen.AsSpan().Fill(true);
}
