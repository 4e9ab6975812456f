namespace Calltap.Code.Analysis;

/// <summary>
/// Every byte of the module's code that something may branch to: one bit a byte, so that a jump past a lock prefix counts too.
/// </summary>
/// <remarks>Marking is safe from any thread. Reading is exact once all marking threads have been joined.</remarks>
internal sealed class BranchTargets
{
    private readonly CodeMemory _memory;
    private readonly ulong[][] _bits;

    internal BranchTargets(CodeMemory memory)
    {
        _memory = memory;
        _bits = new ulong[memory.Sections.Length][];
        for (int i = 0; i < _bits.Length; i++)
            _bits[i] = new ulong[((memory.Sections[i].End - memory.Sections[i].Start) >> 6) + 1];
    }

    /// <summary>Notes that <paramref name="target"/> may be branched to; addresses outside the code are ignored.</summary>
    internal void Mark(ImageAddress target)
    {
        int section = _memory.IndexOf(target);
        if (section < 0)
            return;
        long bit = target - _memory.Sections[section].Start;
        ref ulong word = ref _bits[section][bit >> 6];
        ulong mask = 1UL << (int)(bit & 63);
        // Most targets are marked many times; the plain read keeps the cache line shared. The join before the second pass orders it all.
        if ((Volatile.Read(ref word) & mask) == 0)
            Interlocked.Or(ref word, mask);
    }

    /// <summary>Whether <paramref name="address"/> may be branched to.</summary>
    internal bool Contains(ImageAddress address)
    {
        int section = _memory.IndexOf(address);
        if (section < 0)
            return false;
        long bit = address - _memory.Sections[section].Start;
        return (_bits[section][bit >> 6] >> (int)(bit & 63) & 1) != 0;
    }

    /// <summary>Whether a byte after <paramref name="start"/> and before <paramref name="end"/> may be branched to.</summary>
    internal bool AnyInside(ImageAddress start, ImageAddress end)
    {
        for (ImageAddress address = start + 1; address < end; address += 1)
        {
            if (Contains(address))
                return true;
        }

        return false;
    }
}
