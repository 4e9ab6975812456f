using Calltap.Symbols;

namespace Calltap.Patching;

/// <summary>Finds room for an arena.</summary>
static class AddressSpace
{
    const long Span = 1L << 31;             // what rel32 spans, up and down
    const long Spare = 64L << 20;           // of it kept free: for data beside the code that displaced instructions refer to
    const long SmallSpare = 64L << 10;      // where addresses are scarce; what is then out of reach is refused site by site
    const ulong LowestAddress = 1ul << 20;  // above mmap_min_addr, with room
    const long Gap = 1L << 20;              // to neighbours that may grow: heap and stacks
    const long SmallGap = 64L << 10;        // to others

    /// <summary>Whether every byte of one range reaches every byte of the other.</summary>
    public static bool IsInReach(TargetAddress start, TargetAddress end, TargetAddress low, TargetAddress high) => high - start <= Span - SmallSpare && end - low <= Span - SmallSpare;

    /// <summary>
    /// The start of a free range of <paramref name="size"/> bytes from which all of [<paramref name="low"/>, <paramref name="high"/>) is within reach: the nearest. Where there is none with room to all sides (.NET
    /// reserves nearly all addresses that its code reaches), the farthest: what is nearer is left to code that reaches less.
    /// </summary>
    public static TargetAddress? FindRoom(IReadOnlyList<MemoryMapping> sorted, TargetAddress low, TargetAddress high, long size) =>
        Best(Rooms(sorted, low, high, size, Gap, isFar: false), Span - Spare, farthest: false)
        ?? Best(Rooms([.. sorted.Select(WithRoomToGrow).OrderBy(m => m.Start)], low, high, size, SmallGap, isFar: true), Span - SmallSpare, farthest: true);

    static MemoryMapping WithRoomToGrow(MemoryMapping mapping) => mapping.Path switch
    {
        "[heap]" => mapping with { End = mapping.End + Gap },
        "[stack]" => mapping with { Start = mapping.Start + -Gap },
        _ => mapping,
    };

    static TargetAddress? Best(IEnumerable<(TargetAddress Start, long Distance)> rooms, long reach, bool farthest)
    {
        List<(TargetAddress Start, long Distance)> inReach = [.. rooms.Where(room => room.Distance <= reach)];
        if (inReach.Count == 0) return null;
        return (farthest ? inReach.MaxBy(room => room.Distance) : inReach.MinBy(room => room.Distance)).Start;
    }

    /// <summary>A place in each hole that is large enough, and how far its far end is from that of the code.</summary>
    static IEnumerable<(TargetAddress Start, long Distance)> Rooms(
        IReadOnlyList<MemoryMapping> sorted, TargetAddress low, TargetAddress high, long size, long gap, bool isFar)
    {
        ulong floor = LowestAddress;
        foreach (MemoryMapping mapping in sorted.Append(null!))
        {
            ulong ceiling = mapping is null ? 0x7fff_ffff_f000 : mapping.Start.Value;
            if (ceiling > floor && ceiling - floor >= (ulong)(size + 2 * gap))
            {
                ulong start = StartIn(floor + (ulong)gap, ceiling - (ulong)(size + gap), low, high, size, isFar);
                yield return (new TargetAddress(start), start < low.Value ? (long)(high.Value - start) : (long)(start + (ulong)size - low.Value));
            }
            if (mapping is not null) floor = Math.Max(floor, mapping.End.Value);
        }
    }

    /// <summary>Below the code as high as possible in the hole, above it as low as possible; or the other way round, as far as the code reaches.</summary>
    static ulong StartIn(ulong first, ulong last, TargetAddress low, TargetAddress high, long size, bool isFar)
    {
        bool isBelow = last < low.Value;
        if (!isFar) return isBelow ? last & ~0xffful : PageUp(first);
        ulong lowest = high.Value - (ulong)(Span - SmallSpare), highest = low.Value + (ulong)(Span - SmallSpare - size);
        return isBelow ? Math.Min(last & ~0xffful, PageUp(Math.Max(first, lowest))) : Math.Max(PageUp(first), Math.Min(last, highest) & ~0xffful);
    }

    static ulong PageUp(ulong address) => (address + 0xfff) & ~0xffful;
}
