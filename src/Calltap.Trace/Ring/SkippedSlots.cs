using System.Numerics;

namespace Calltap.Trace;

/// <summary>
/// The slots given up as holes. Whoever reserved one may still fill it, laps later, with an event of that time: only these slots
/// can hold such a late event, so only they are checked.
/// </summary>
/// <remarks>A bit and a time for each slot of the ring, from the first hole on: a ring may be full of holes, and each is found at once.</remarks>
/// <param name="slots">Slots of the ring: a multiple of 64.</param>
sealed class SkippedSlots(int slots)
{
    const int BitsPerWord = 64;

    ulong[] _marks = [];
    ulong[] _newest = [];

    /// <summary>Remembers the slot; events up to time <paramref name="newest"/> found there are late ones.</summary>
    public void Add(int index, ulong newest)
    {
        if (_marks.Length == 0)
            (_marks, _newest) = (new ulong[slots / BitsPerWord], new ulong[slots]);
        _marks[index / BitsPerWord] |= 1ul << (index % BitsPerWord);
        _newest[index] = newest;
    }

    /// <summary>The first skipped slot at or after <paramref name="index"/>, or <see cref="int.MaxValue"/>.</summary>
    public int NextFrom(int index)
    {
        ulong mask = ulong.MaxValue << (index % BitsPerWord);
        for (int word = index / BitsPerWord; word < _marks.Length; word++, mask = ulong.MaxValue)
            if ((_marks[word] & mask) is > 0 and var marked)
                return word * BitsPerWord + BitOperations.TrailingZeroCount(marked);
        return int.MaxValue;
    }

    /// <summary>Whether an event of <paramref name="time"/> in the skipped slot <paramref name="index"/> is a late one.</summary>
    public bool IsLate(int index, ulong time) => time <= _newest[index];
}
