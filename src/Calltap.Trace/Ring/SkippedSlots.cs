namespace Calltap.Trace;

/// <summary>
/// The slots given up as holes. Whoever reserved one may still fill it, laps later, with an event of that time: only these slots
/// can hold such a late event, so only they are checked.
/// </summary>
sealed class SkippedSlots
{
    readonly List<int> _indexes = [];
    readonly List<ulong> _newest = [];

    /// <summary>Remembers the slot; events up to time <paramref name="newest"/> found there are late ones.</summary>
    public void Add(int index, ulong newest)
    {
        int at = _indexes.BinarySearch(index);
        if (at >= 0)
        {
            _newest[at] = newest;
            return;
        }

        _indexes.Insert(~at, index);
        _newest.Insert(~at, newest);
    }

    /// <summary>The first skipped slot at or after <paramref name="index"/>, or <see cref="int.MaxValue"/>.</summary>
    public int NextFrom(int index)
    {
        if (_indexes.Count == 0)
            return int.MaxValue;
        int at = _indexes.BinarySearch(index);
        at = at < 0 ? ~at : at;
        return at < _indexes.Count ? _indexes[at] : int.MaxValue;
    }

    /// <summary>Whether an event of <paramref name="time"/> in the skipped slot <paramref name="index"/> is a late one.</summary>
    public bool IsLate(int index, ulong time) => time <= _newest[_indexes.BinarySearch(index)];
}
