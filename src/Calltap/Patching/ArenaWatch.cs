namespace Calltap.Patching;

/// <summary>
/// Watches, at the end of a disarming window, whether a thread is still in an arena or will come back to it: then the
/// arena is left mapped rather than unmapped on a guess.
/// </summary>
sealed class ArenaWatch : IStackWords
{
    readonly (ulong Start, ulong End)[] _arenas;
    bool _complete;
    bool _seen;

    public ArenaWatch(IReadOnlyCollection<(TargetAddress Start, TargetAddress End)> arenas)
    {
        _arenas = [.. arenas.Select(a => (a.Start.Value, a.End.Value))];
        if (arenas.Count > 0) Bounds = (arenas.Min(a => a.Start), arenas.Max(a => a.End));
    }

    /// <summary>A thread may be in one: true until a window has looked at every thread and seen none.</summary>
    public bool InUse => !_complete || _seen;

    /// <summary>Every thread was looked at.</summary>
    public void Complete() => _complete = true;

    /// <inheritdoc/>
    public (TargetAddress Low, TargetAddress High) Bounds { get; }

    /// <inheritdoc/>
    public void Found(ulong word)
    {
        foreach ((ulong start, ulong end) in _arenas)
            if (word >= start && word < end) _seen = true;
    }

    /// <inheritdoc/>
    public void Unseen() => _seen = true;
}
