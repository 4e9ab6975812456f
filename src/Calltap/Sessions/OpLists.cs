using System.Buffers.Binary;
using System.Numerics;
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

    /// <summary>The list of a site for these ops: one recording for all graph ops, one count for each count op.</summary>
    /// <param name="site">The entry site.</param>
    /// <param name="want">The ops.</param>
    /// <param name="counterOf">The counter of a count op for this function.</param>
    /// <returns>The number that the stub passes: the list's place in qwords.</returns>
    /// <exception cref="InvalidOperationException">The room for lists is used up.</exception>
    public uint Find(SiteId site, Want want, Func<int, uint> counterOf)
    {
        ulong[] words = Words(site, want, counterOf);
        if (!_known.TryGetValue(site, out List<(ulong[] Words, uint Number)>? lists)) _known.Add(site, lists = []);
        // A list that the site has had before serves again: ops that come and go take no more room.
        int known = lists.FindIndex(list => list.Words.AsSpan().SequenceEqual(words));
        if (known >= 0) return lists[known].Number;
        var number = (uint)(_written + _pending.Count);
        if ((number + words.Length) * (long)WordSize > size)
            throw new InvalidOperationException("no room is left for op lists: detach and attach again");
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

    static ulong[] Words(SiteId site, Want want, Func<int, uint> counterOf)
    {
        var words = new List<ulong> { site.Value };
        if (want.Graph != 0) words.Add(OpListLayout.Entry(OpListLayout.Graph, 0));
        for (ulong rest = want.Count; rest != 0; rest &= rest - 1)
            words.Add(OpListLayout.Entry(OpListLayout.Count, counterOf(BitOperations.TrailingZeroCount(rest))));
        words.Add(0);
        return [.. words];
    }
}
