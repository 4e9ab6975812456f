using Calltap.Symbols;

namespace Calltap.Sessions;

/// <summary>Numbers of mappings, from 1 on. When all are given away, those go to others that nobody needs any more.</summary>
/// <param name="most">How many there are.</param>
sealed class MappingNumbers(int most)
{
    readonly Dictionary<(TargetAddress Start, TargetAddress End, long Offset, ulong Inode, DeviceNumber Device), int> _known = [];
    readonly Stack<int> _free = [];

    /// <summary>The same numbers.</summary>
    public MappingNumbers(MappingNumbers original)
        : this(original.Most)
    {
        foreach ((var key, int number) in original._known) _known.Add(key, number);
        foreach (int number in original._free.Reverse()) _free.Push(number);
        Highest = original.Highest;
    }

    int Most => most;

    /// <summary>The highest that was ever given; 0 when none was.</summary>
    public int Highest { get; private set; }

    /// <summary>The number of a mapping; 0 when all are in use.</summary>
    /// <param name="mapping">The mapping.</param>
    /// <param name="inUse">Asked when all are given away: which are still needed.</param>
    /// <param name="isNew">It has had none, or another.</param>
    public int Of(MemoryMapping mapping, Func<IReadOnlySet<int>> inUse, out bool isNew)
    {
        var key = (mapping.Start, mapping.End, mapping.Offset.Value, mapping.Inode, mapping.Device);
        isNew = false;
        if (_known.TryGetValue(key, out int number)) return number;
        if (Highest == most && _free.Count == 0) TakeBack(inUse());
        if (!_free.TryPop(out number)) number = Highest < most ? ++Highest : 0;
        isNew = number != 0;
        if (isNew) _known.Add(key, number);
        return number;
    }

    void TakeBack(IReadOnlySet<int> inUse)
    {
        foreach ((var key, int number) in _known.Where(known => !inUse.Contains(known.Value)).ToList())
        {
            _known.Remove(key);
            _free.Push(number);
        }
    }
}
