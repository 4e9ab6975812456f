using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.LiveTests.Target;

/// <summary>Finds room for a code area.</summary>
internal static class FreeArea
{
    private const long Gap = 1 << 20;

    /// <summary>An unmapped address a mebibyte above some mapping of the program.</summary>
    internal static TargetAddress Near(TargetProcess target, long bytes)
    {
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        for (int i = 0; i + 1 < mappings.Count; i++)
            if (mappings[i + 1].Start - mappings[i].End > bytes + 2 * Gap)
                return mappings[i].End + Gap;
        throw new InvalidOperationException("no gap");
    }
}
