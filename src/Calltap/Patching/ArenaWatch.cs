namespace Calltap.Patching;

/// <summary>
/// Watches, at the end of a disarming window, whether a thread is still in an arena or will come back to it: then the
/// arena is left mapped rather than unmapped on a guess.
/// </summary>
sealed class ArenaWatch : IStackWords
{
    readonly (ulong Start, ulong End)[] _arenas;

    public ArenaWatch(IReadOnlyCollection<(TargetAddress Start, TargetAddress End)> arenas)
    {
        _arenas = [.. arenas.Select(a => (a.Start.Value, a.End.Value))];
        Bounds = (arenas.Min(a => a.Start), arenas.Max(a => a.End));
    }

    /// <summary>A thread was seen in one.</summary>
    public bool InUse { get; private set; }

    /// <inheritdoc/>
    public (TargetAddress Low, TargetAddress High) Bounds { get; }

    /// <inheritdoc/>
    public void Found(ulong word)
    {
        foreach ((ulong start, ulong end) in _arenas)
            if (word >= start && word < end) InUse = true;
    }
}
