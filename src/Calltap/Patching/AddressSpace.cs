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
    const ulong Step = 32ul << 20;

    /// <summary>Whether every byte of one range reaches every byte of the other.</summary>
    public static bool IsInReach(TargetAddress start, TargetAddress end, TargetAddress low, TargetAddress high) => high - start <= Span - SmallSpare && end - low <= Span - SmallSpare;

    /// <summary>
    /// The start of a free range of <paramref name="size"/> bytes from which all of [<paramref name="low"/>, <paramref name="high"/>) is within reach: the nearest. Where there is none with room to all sides (.NET
    /// reserves nearly all addresses that its code reaches), the farthest: what is nearer is left to code that reaches less. With <paramref name="spares"/> not the farthest of all, if it can be: there are hardly others, and the
    /// farther it is, the more displaced instructions refer to what is out of reach from there.
    /// </summary>
    public static TargetAddress? FindRoom(IReadOnlyList<MemoryMapping> sorted, TargetAddress low, TargetAddress high, long size, bool spares = false) =>
        Nearest([.. Rooms(sorted, low, high, size, Gap, far: null).Where(room => room.Distance <= Span - Spare)])
        ?? FindFar([.. sorted.Select(WithRoomToGrow).OrderBy(m => m.Start)], low, high, size, spares);

    static TargetAddress? FindFar(IReadOnlyList<MemoryMapping> sorted, TargetAddress low, TargetAddress high, long size, bool spares)
    {
        for (long spare = spares ? Spare : SmallSpare; spare >= SmallSpare; spare /= 4)
            if (Farthest([.. Rooms(sorted, low, high, size, SmallGap, spare).Where(room => room.Distance <= Span - spare)], low, high, size) is { } start) return start;
        return null;
    }

    static MemoryMapping WithRoomToGrow(MemoryMapping mapping) => mapping.Path switch
    {
        "[heap]" => mapping with { End = mapping.End + Gap },
        "[stack]" => mapping with { Start = mapping.Start + -Gap },
        _ => mapping,
    };

    static TargetAddress? Nearest(IReadOnlyList<(TargetAddress Start, long Distance)> rooms) => rooms.Count == 0 ? null : rooms.MinBy(room => room.Distance).Start;

    /// <summary>One from which no jump has an upper byte that, by itself, is a return or a jump: where a fault is told to be in the middle of a jump, it would be read as one.</summary>
    static TargetAddress? Farthest(IReadOnlyList<(TargetAddress Start, long Distance)> rooms, TargetAddress low, TargetAddress high, long size)
    {
        if (rooms.Count == 0) return null;
        List<(TargetAddress Start, long Distance)> good = [.. rooms.Where(room => !Misleads(room.Start, low, high, size))];
        return (good.Count > 0 ? good : rooms).MaxBy(room => room.Distance).Start;
    }

    static bool Misleads(TargetAddress start, TargetAddress low, TargetAddress high, long size)
    {
        const int UpperByte = 24; // bit
        for (long upper = start - high >> UpperByte; upper <= start + size - low >> UpperByte; upper++)
            if ((byte)upper is 0xc2 or 0xc3 or 0xe9 or 0xeb) return true;
        return false;
    }

    /// <summary>A place in each hole that is large enough, and how far its far end is from that of the code. <paramref name="far"/>: as far as the code reaches but for so many bytes; null: as near as possible.</summary>
    static IEnumerable<(TargetAddress Start, long Distance)> Rooms(
        IReadOnlyList<MemoryMapping> sorted, TargetAddress low, TargetAddress high, long size, long gap, long? far)
    {
        ulong floor = LowestAddress;
        foreach (MemoryMapping mapping in sorted.Append(null!))
        {
            ulong ceiling = mapping is null ? 0x7fff_ffff_f000 : mapping.Start.Value;
            if (ceiling > floor && ceiling - floor >= (ulong)(size + 2 * gap))
            {
                ulong first = floor + (ulong)gap, start = StartIn(first, ceiling - (ulong)(size + gap), low, high, size, far);
                yield return (new TargetAddress(start), Distance(start));
                ulong other = start - Step; // its jumps have another upper byte
                if (far is not null && start >= low.Value && other >= PageUp(first) && other < start) yield return (new TargetAddress(other), Distance(other));
            }
            if (mapping is not null) floor = Math.Max(floor, mapping.End.Value);
        }

        long Distance(ulong start) => start < low.Value ? (long)(high.Value - start) : (long)(start + (ulong)size - low.Value);
    }

    /// <summary>Below the code as high as possible in the hole, above it as low as possible; or the other way round, as far as the code reaches but for what is spared.</summary>
    static ulong StartIn(ulong first, ulong last, TargetAddress low, TargetAddress high, long size, long? far)
    {
        bool isBelow = last < low.Value;
        if (far is not { } spare) return isBelow ? last & ~0xffful : PageUp(first);
        ulong lowest = high.Value - (ulong)(Span - spare), highest = low.Value + (ulong)(Span - spare - size);
        return isBelow ? Math.Min(last & ~0xffful, PageUp(Math.Max(first, lowest))) : Math.Max(PageUp(first), Math.Min(last, highest) & ~0xffful);
    }

    static ulong PageUp(ulong address) => (address + 0xfff) & ~0xffful;
}
