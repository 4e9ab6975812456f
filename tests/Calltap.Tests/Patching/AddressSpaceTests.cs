using Calltap.Patching;
using Calltap.Symbols;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Patching;

public sealed class AddressSpaceTests
{
    const ulong Code = 0x5555_5555_4000;
    const long Size = 1 << 20;

    [Fact]
    public void Room_below_the_code_is_as_near_as_a_gap_allows()
    {
        TargetAddress? room = AddressSpace.FindRoom([Map(Code, Code + 0x10_0000)], new(Code), new(Code + 0x10_0000), Size);
        Assert.Equal(Code - (2 << 20), room!.Value.Value);
    }

    [Fact]
    public void No_room_within_reach_is_told()
    {
        MemoryMapping[] full = [Map(0x10_0000, 0x7fff_0000_0000)];
        Assert.Null(AddressSpace.FindRoom(full, new(Code), new(Code + 0x1000), Size));
    }

    [Fact]
    public void Low_addresses_are_left_alone()
    {
        TargetAddress? room = AddressSpace.FindRoom([Map(0x40_0000, 0x50_0000)], new(0x40_0000), new(0x50_0000), Size);
        Assert.True(room!.Value.Value is >= 0x10_0000 and < 0x40_0000 or >= 0x50_0000);
    }

    [Fact]
    public void Reach_is_from_any_byte_to_any_other()
    {
        const ulong Far = 1ul << 31;
        Assert.True(AddressSpace.IsInReach(new(Code), new(Code + 0x1000), new(Code + 0x10_0000), new(Code + 0x20_0000)));
        Assert.True(AddressSpace.IsInReach(new(Code + 0x10_0000), new(Code + 0x20_0000), new(Code), new(Code + 0x1000)));
        Assert.False(AddressSpace.IsInReach(new(Code), new(Code + 0x1000), new(Code + 0x1000), new(Code + Far)));
        Assert.False(AddressSpace.IsInReach(new(Code + 0x1000), new(Code + Far), new(Code), new(Code + 0x1000)));
    }

    /// <summary>As .NET leaves it: all that is nearer is reserved, and only the last MiB within reach are free.</summary>
    [Theory]
    [InlineData(false, 0, 1)]
    [InlineData(true, 16, 20)]
    public void What_takes_little_room_spares_some_of_its_reach(bool spares, long least, long most)
    {
        const ulong Reach = 1ul << 31, Free = 20 << 20;
        MemoryMapping[] maps = [Map(0x1000, Code + Reach - Free), Map(Code + Reach + (1ul << 40), ulong.MaxValue >> 17)];
        TargetAddress room = AddressSpace.FindRoom(maps, new(Code), new(Code + 0x10_0000), Size, spares)!.Value;
        Assert.InRange((long)(Code + Reach - room.Value) - Size, least << 20, most << 20);
    }

    [Fact]
    public void Room_is_free_and_reaches_all_code() =>
        Gen.Select(Gen.ULong[1, 0x7_ffff_ff00].Array[0, 30], Gen.ULong[0x100, 0x7_0000_0000], Gen.Long[1, 2048], Gen.Bool).Sample((starts, code, pages, spares) =>
        {
            TargetAddress low = new(code << 12), high = low + 0x20_0000;
            MemoryMapping[] maps = [.. starts.Distinct().Order().Select(s => Map(s << 12, (s + 7) << 12)).Append(Map(low.Value, high.Value)).OrderBy(m => m.Start)];
            if (AddressSpace.FindRoom(maps, low, high, pages << 12, spares) is not { } room) return;
            TargetAddress end = room + (pages << 12);
            Assert.DoesNotContain(maps, m => m.Start < end && m.End > room);
            Assert.Equal(0ul, room.Value & 0xfff);
            Assert.True(AddressSpace.IsInReach(room, end, low, high));
            Assert.InRange(Math.Max(Math.Abs(end - low), Math.Abs(high - room)), 0, int.MaxValue);
        });

    static MemoryMapping Map(ulong start, ulong end) => new(new(start), new(end), 0, default, default, 0, "", false);
}
