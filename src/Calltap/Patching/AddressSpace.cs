using Calltap.Symbols;

namespace Calltap.Patching;

/// <summary>Finds room for an arena.</summary>
static class AddressSpace
{
    /// <summary>Of the +-2 GiB that rel32 spans, kept free for rounding and the far end of the arena itself.</summary>
    const long Reach = (1L << 31) - (64L << 20);

    const ulong LowestAddress = 1ul << 20; // above mmap_min_addr, with room
    const long Gap = 1L << 20;              // to neighbours that may grow: heap and stacks
    const long SmallGap = 64L << 10;        // to others, where addresses are scarce: .NET reserves nearly all that its code reaches

    /// <summary>Whether every byte of one range reaches every byte of the other.</summary>
    public static bool IsInReach(TargetAddress start, TargetAddress end, TargetAddress low, TargetAddress high) => high - start <= Reach && end - low <= Reach;

    /// <summary>
    /// The start of a free range of <paramref name="size"/> bytes from which all of [<paramref name="low"/>,
    /// <paramref name="high"/>) is within reach; the nearest one below, else above.
    /// </summary>
    public static TargetAddress? FindRoom(IReadOnlyList<MemoryMapping> sorted, TargetAddress low, TargetAddress high, long size) =>
        FindRoom(sorted, low, high, size, Gap) ?? FindRoom([.. sorted.Select(WithRoomToGrow).OrderBy(m => m.Start)], low, high, size, SmallGap);

    static MemoryMapping WithRoomToGrow(MemoryMapping mapping) => mapping.Path switch
    {
        "[heap]" => mapping with { End = mapping.End + Gap },
        "[stack]" => mapping with { Start = mapping.Start + -Gap },
        _ => mapping,
    };

    static TargetAddress? FindRoom(IReadOnlyList<MemoryMapping> sorted, TargetAddress low, TargetAddress high, long size, long gap)
    {
        TargetAddress? best = null;
        long bestDistance = long.MaxValue;
        ulong floor = LowestAddress;
        foreach (MemoryMapping mapping in sorted.Append(null!))
        {
            ulong ceiling = mapping is null ? 0x7fff_ffff_f000 : mapping.Start.Value;
            Consider(floor, ceiling);
            if (mapping is not null) floor = Math.Max(floor, mapping.End.Value);
        }
        return best;

        void Consider(ulong from, ulong to)
        {
            if (to <= from || to - from < (ulong)(size + 2 * gap)) return;
            // Below the code: as high as possible in the hole. Above it: as low as possible.
            ulong start = to <= low.Value ? (to - (ulong)(size + gap)) & ~0xffful : (from + (ulong)gap + 0xfff) & ~0xffful;
            long distance = start < low.Value ? (long)(high.Value - start) : (long)(start + (ulong)size - low.Value);
            if (distance > Reach || distance >= bestDistance) return;
            (best, bestDistance) = (new TargetAddress(start), distance);
        }
    }
}
