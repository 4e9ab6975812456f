namespace Calltap.Trace;

/// <summary>What the head of a trace.dat says of the tracks behind it.</summary>
sealed class TraceDatTracks
{
    readonly List<Track> _tracks = [];
    readonly List<long> _pages = [];

    /// <summary>The tracks, each of which is a CPU of the file.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>Pages of each.</summary>
    public IReadOnlyList<long> Pages => _pages;

    /// <summary>The functions that were called.</summary>
    public HashSet<FunctionId> Functions { get; } = [];

    /// <summary>A track begins.</summary>
    public void Begin(Track track)
    {
        _tracks.Add(track);
        _pages.Add(0);
    }

    /// <summary>A page of it was made.</summary>
    public void AddPage() => _pages[^1]++;
}
