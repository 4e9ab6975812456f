using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>The page of the helper's code, which stays mapped in the target once there was a helper, in what it forks as well.</summary>
internal static class HelperPage
{
    internal const int Size = 4096;

    /// <summary>Where it is, known by its content; null when there is none.</summary>
    internal static TargetAddress? Find(TargetProcess target, IReadOnlyList<MemoryMapping> mappings)
    {
        byte[] found = new byte[HelperCode.Page.Length];
        foreach (MemoryMapping mapping in mappings)
            if (mapping is { Inode: 0, IsExecutable: true, Path: "", Size.Value: Size }
                && target.ReadMemory(mapping.Start, found) == found.Length && found.AsSpan().SequenceEqual(HelperCode.Page.Span))
                return mapping.Start;
        return null;
    }
}
