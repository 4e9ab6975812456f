using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// The lists that list-form trampolines walk. A stub names its list by number, and a list never changes: a site that
/// gets other ops gets another list, and with it another stub.
/// </summary>
sealed class OpLists(TargetTextWriter writer, TargetAddress start, long size)
{
    const int WordSize = sizeof(ulong);

    readonly List<ulong> _pending = [];
    readonly Dictionary<SiteId, List<(ulong[] Words, uint Number)>> _known = [];
    int _written;

    /// <summary>The same lists, which what was just forked has a copy of.</summary>
    public OpLists(OpLists original, TargetTextWriter writer, TargetAddress start, long size)
        : this(writer, start, size)
    {
        foreach ((SiteId site, List<(ulong[] Words, uint Number)> lists) in original._known) _known.Add(site, [.. lists]);
        _written = original._written;
    }

    /// <summary>The list of a site for these ops.</summary>
    /// <param name="site">The site.</param>
    /// <param name="ops">A word for each (<see cref="OpListLayout"/>).</param>
    /// <returns>The list's number: its place in qwords.</returns>
    /// <exception cref="InvalidOperationException">The room for lists is used up.</exception>
    public uint Find(SiteId site, IEnumerable<ulong> ops) =>
        Find(site, ops, size) ?? throw new InvalidOperationException("no room is left for op lists: detach and attach again");

    /// <summary>The same for a list that can be done without: null when half of the room is used up, the rest is kept for those that can't.</summary>
    public uint? TryFind(SiteId site, IEnumerable<ulong> ops) => Find(site, ops, size / 2);

    uint? Find(SiteId site, IEnumerable<ulong> ops, long room)
    {
        ulong[] words = [site.Value, .. ops, 0];
        if (!_known.TryGetValue(site, out List<(ulong[] Words, uint Number)>? lists)) _known.Add(site, lists = []);
        // A list that the site has had before serves again: ops that come and go take no more room.
        int known = lists.FindIndex(list => list.Words.AsSpan().SequenceEqual(words));
        if (known >= 0) return lists[known].Number;
        var number = (uint)(_written + _pending.Count);
        if ((number + words.Length) * (long)WordSize > room) return null;
        _pending.AddRange(words);
        lists.Add((words, number));
        return number;
    }

    /// <summary>Writes the new lists; no stub that names one is reachable yet.</summary>
    public void Publish()
    {
        if (_pending.Count == 0) return;
        var bytes = new byte[WordSize * _pending.Count];
        for (int i = 0; i < _pending.Count; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(WordSize * i), _pending[i]);
        writer.Place(start + (long)WordSize * _written, bytes);
        _written += _pending.Count;
        _pending.Clear();
    }
}
