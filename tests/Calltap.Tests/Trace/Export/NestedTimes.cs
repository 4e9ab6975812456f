namespace Calltap.Tests.Trace.Export;

/// <summary>Adds up the entries and exits of tracks, as other programs print them. Fails where they do not nest or a time goes back.</summary>
sealed class NestedTimes
{
    readonly Dictionary<string, List<(string Name, long Start, long Children)>> _open = [];
    readonly Dictionary<string, long> _last = [];

    /// <summary>By name: calls, total time without recursion, and self time.</summary>
    public SortedDictionary<string, (long Calls, long? Total, long? Self)> Sums { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether every entry had its exit.</summary>
    public bool IsBalanced => _open.Values.All(open => open.Count == 0);

    /// <summary>How many are open on the track.</summary>
    public int Depth(string track) => _open.TryGetValue(track, out List<(string, long, long)>? open) ? open.Count : 0;

    public void Enter(string track, string name, long ns)
    {
        Move(track, ns);
        if (!_open.TryGetValue(track, out List<(string, long, long)>? open))
            _open.Add(track, open = []);
        open.Add((name, ns, 0));
    }

    /// <returns>The name of what ended.</returns>
    public string Leave(string track, long ns)
    {
        Move(track, ns);
        List<(string Name, long Start, long Children)> open = _open[track];
        (string name, long start, long children) = open[^1];
        open.RemoveAt(open.Count - 1);
        if (open.Count > 0)
            open[^1] = open[^1] with { Children = open[^1].Children + ns - start };
        (long calls, long? total, long? self) = Sums.GetValueOrDefault(name, (0, 0, 0));
        Sums[name] = (calls + 1, total + (open.Exists(o => o.Name == name) ? 0 : ns - start), self + ns - start - children);
        return name;
    }

    void Move(string track, long ns)
    {
        if (_last.TryGetValue(track, out long last) && ns < last)
            throw new InvalidDataException($"{track}: {ns} is before {last}");
        _last[track] = ns;
    }
}
