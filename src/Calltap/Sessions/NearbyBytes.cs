using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>What thousands of sites hold, without a system call for each. Those that are near one another are best asked for one after another.</summary>
/// <param name="target">The target, whose mappings are read once.</param>
sealed class NearbyBytes(TargetProcess target)
{
    const int Most = 64 << 10;

    readonly PlannedMappings _mappings = new(target);
    readonly byte[] _bytes = new byte[Most];
    TargetAddress _start;
    int _length;

    /// <summary>So many bytes at an address; null where nothing is mapped.</summary>
    public PatchBytes? At(TargetAddress address, int size)
    {
        if (address < _start || address - _start + size > _length)
        {
            if (_mappings.Find(address) is null) return null;
            (_start, _length) = (address, target.ReadMemory(address, _bytes));
            if (_length < size) return null;
        }
        return PatchBytes.From(_bytes.AsSpan((int)(address - _start), size), size);
    }
}
