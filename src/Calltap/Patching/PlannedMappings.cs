using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>What was mapped when a batch was planned. The program may unmap a module at any time, and map something else in its place.</summary>
sealed class PlannedMappings
{
    readonly TargetProcess _target;
    readonly IReadOnlyList<MemoryMapping> _mappings;
    readonly TargetAddress[] _starts;

    public PlannedMappings(TargetProcess target)
    {
        _target = target;
        _mappings = target.ReadMappings();
        _starts = [.. _mappings.Select(mapping => mapping.Start)];
    }

    /// <summary>Whether nobody looks again: for tests.</summary>
    public bool AreTrusted { get; init; }

    /// <summary>The mapping that held the address; null when none did.</summary>
    public MemoryMapping? Find(TargetAddress address)
    {
        int index = Array.BinarySearch(_starts, address);
        if (index < 0) index = ~index - 1;
        return index >= 0 && _mappings[index].Contains(address) ? _mappings[index] : null;
    }

    /// <summary>Whether these pages of one mapping are still what they were.</summary>
    /// <param name="start">The first byte.</param>
    /// <param name="end">The byte behind the last.</param>
    /// <param name="asked">Something has failed there: it may take a while to find out.</param>
    public bool AreStill(TargetAddress start, TargetAddress end, bool asked) =>
        AreTrusted || Find(start) is not { } mapping || _target.IsStillMapped(mapping, start, end, asked);
}
