using System.Buffers.Binary;
using System.Numerics;
using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// The lists that list-form trampolines walk. Append-only: a site's pointer is set before the first breakpoint of the
/// batch that makes it use the list form, and a list never changes once a pointer leads to it.
/// </summary>
sealed class OpLists(TargetTextWriter writer, TargetAddress start, long size, int maxSites)
{
    readonly List<byte> _pending = [];
    readonly Dictionary<SiteId, TargetAddress> _pointers = [];
    readonly Dictionary<SiteId, List<(ulong[] Words, TargetAddress Start)>> _written = [];
    TargetAddress _next = start + 8L * maxSites;

    /// <summary>Makes the list of a site: one recording for all graph ops, one count for each count op.</summary>
    /// <param name="site">The entry site.</param>
    /// <param name="want">The ops.</param>
    /// <param name="counterOf">The counter of a count op for this function.</param>
    public void Set(SiteId site, Want want, Func<int, uint> counterOf)
    {
        ulong[] words = Words(want, counterOf);
        if (!_written.TryGetValue(site, out List<(ulong[] Words, TargetAddress Start)>? lists)) _written.Add(site, lists = []);
        // A list that the site has had before serves again: ops that come and go take no more room.
        int known = lists.FindIndex(list => list.Words.AsSpan().SequenceEqual(words));
        if (known < 0)
        {
            known = lists.Count;
            lists.Add((words, _next + _pending.Count));
            foreach (ulong word in words) Append(word);
        }
        _pointers[site] = lists[known].Start;
    }

    static ulong[] Words(Want want, Func<int, uint> counterOf)
    {
        var words = new List<ulong>();
        if (want.Graph != 0) words.Add(OpListLayout.Entry(OpListLayout.Graph, 0));
        for (ulong rest = want.Count; rest != 0; rest &= rest - 1)
            words.Add(OpListLayout.Entry(OpListLayout.Count, counterOf(BitOperations.TrailingZeroCount(rest))));
        words.Add(0);
        return [.. words];
    }

    /// <summary>Writes the lists, then the pointers to them.</summary>
    /// <exception cref="InvalidOperationException">The room for lists is used up.</exception>
    public void Publish()
    {
        if (_pointers.Count == 0) return;
        if (_next + _pending.Count > start + size)
            throw new InvalidOperationException("no room is left for op lists: ops were added and removed too often; detach and attach again");
        writer.Place(_next, _pending.ToArray());
        _next += _pending.Count;
        _pending.Clear();
        uint first = _pointers.Keys.Min(id => id.Value), last = _pointers.Keys.Max(id => id.Value);
        writer.Place(start + 8L * first, Pointers(first, last));
    }

    /// <summary>All pointers of the range, those of other sites as they were set before.</summary>
    byte[] Pointers(uint first, uint last)
    {
        var bytes = new byte[8 * (last - first + 1)];
        foreach ((SiteId id, TargetAddress list) in _pointers)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8 * (int)(id.Value - first)), list.Value);
        return bytes;
    }

    void Append(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _pending.AddRange(bytes);
    }
}
