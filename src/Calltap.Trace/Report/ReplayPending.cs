namespace Calltap.Trace;

/// <summary>
/// The entries of a thread that are not written yet, in their order: it is not known whether they are leaves, or take long enough to be shown. All of them are open calls, so that
/// memory grows with the depth of the stack alone.
/// </summary>
sealed class ReplayPending
{
    Entry[] _entries = new Entry[4];
    int _first;
    int _end;

    /// <summary>An entry.</summary>
    /// <param name="Index">The call's <see cref="Call.Index"/>.</param>
    /// <param name="Function">The function.</param>
    /// <param name="Depth">Its depth.</param>
    /// <param name="Start">Its time.</param>
    public readonly record struct Entry(long Index, int Function, int Depth, ulong Start);

    /// <summary>Whether there is one.</summary>
    public bool Any => _first < _end;

    /// <summary>The first.</summary>
    public ref readonly Entry First => ref _entries[_first];

    /// <summary>Adds one behind the others.</summary>
    public void Add(in Entry entry)
    {
        if (_end == _entries.Length)
            MakeRoom();
        _entries[_end++] = entry;
    }

    /// <summary>Takes the first out.</summary>
    public void RemoveFirst()
    {
        if (++_first == _end)
            (_first, _end) = (0, 0);
    }

    /// <summary>Where the entry of a call is, counted from the first; -1 when it is not here.</summary>
    public int Find(long index)
    {
        int low = _first, high = _end;
        if (high > low && _entries[high - 1].Index == index)
            return high - 1 - _first;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_entries[middle].Index < index)
                low = middle + 1;
            else
                high = middle;
        }

        return low < _end && _entries[low].Index == index ? low - _first : -1;
    }

    /// <summary>Whether this is the last.</summary>
    public bool IsLast(int at) => _first + at == _end - 1;

    /// <summary>Takes one out of the middle.</summary>
    public void Remove(int at)
    {
        int from = _first + at;
        Array.Copy(_entries, from + 1, _entries, from, _end - from - 1);
        if (--_end == _first)
            (_first, _end) = (0, 0);
    }

    void MakeRoom()
    {
        Entry[] old = _entries;
        int count = _end - _first;
        if (count > old.Length / 2)
            _entries = new Entry[old.Length * 2];
        Array.Copy(old, _first, _entries, 0, count);
        (_first, _end) = (0, count);
    }
}
