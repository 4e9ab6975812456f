using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Patching;
using Xunit;

namespace Calltap.Tests.Patching;

public sealed class RegionMapTests
{
    // 1000: instructions at 0, 1 and 4, 7 bytes of code; 2000: at 0 and 3, 5 bytes and 4 of padding.
    static readonly Poke s_first = Region(0x1000, 7, 7, [1, 4], [0x9001, 0x9008]);
    static readonly Poke s_second = Region(0x2000, 9, 5, [3], [0x9103]);

    [Theory]
    [InlineData(0xfff, -1)]
    [InlineData(0x1000, -1)] // the first byte: an int3 stands there
    [InlineData(0x1001, 0)]
    [InlineData(0x1002, 0)]  // no instruction starts there, but nobody may stand there either
    [InlineData(0x1006, 0)]
    [InlineData(0x1007, -1)]
    [InlineData(0x2004, 1)]
    [InlineData(0x2005, -1)] // padding
    [InlineData(0x7fff_0000, -1)]
    public void Finds_the_region_that_holds_an_address(ulong address, int region) =>
        Assert.Equal(region, new RegionMap([s_first, s_second]).FindInterior(address));

    [Theory]
    [InlineData(0, 0x1001, 0x9001)]
    [InlineData(0, 0x1004, 0x9008)]
    [InlineData(1, 0x2003, 0x9103)]
    public void A_thread_goes_on_in_the_copy(int region, ulong address, ulong destination)
    {
        Assert.True(new RegionMap([s_first, s_second]).TryMove(region, address, out ulong found));
        Assert.Equal(destination, found);
    }

    [Fact]
    public void Only_active_regions_count()
    {
        var map = new RegionMap([s_first, s_second]);
        ulong inside = s_second.Site.Address.Value + 1;
        Assert.Equal(1, map.FindInterior(inside));
        map.Defer(1);
        map.Activate([s_first]);
        Assert.Equal(-1, map.FindInterior(inside));
        Assert.Empty(map.Deferred);
        map.Activate([s_second]);
        Assert.Equal(1, map.FindInterior(inside));
        Assert.Equal([s_second], map.Deferred);
    }

    [Fact]
    public void Between_instructions_nobody_can_be_moved() =>
        Assert.False(new RegionMap([s_first, s_second]).TryMove(0, 0x1002, out _));

    [Fact]
    public void A_saved_context_defers_its_region_only()
    {
        var map = new RegionMap([s_first, s_second]);
        map.Found(0x1000);
        map.Found(0x1007);
        Assert.Equal(0, map.DeferredCount);
        map.Found(0x2003);
        map.Found(0x2003);
        Assert.Equal(1, map.DeferredCount);
        Assert.Same(s_second, Assert.Single(map.Deferred));
    }

    [Fact]
    public void Bounds_hold_every_region()
    {
        (TargetAddress low, TargetAddress high) = new RegionMap([s_first, s_second]).Bounds;
        Assert.True(low.Value <= 0x1001 && high.Value > 0x2004);
        Assert.True(new RegionMap([]).IsEmpty);
        Assert.Equal(default, new RegionMap([]).Bounds);
    }

    static Poke Region(ulong address, int length, int code, int[] starts, ulong[] interior)
    {
        OffsetSet set = starts.Aggregate(default(OffsetSet), (s, offset) => s.With(offset));
        var plan = new SitePlan(default, length, SiteKind.Entry, SiteClass.SeveralInstructions, set, code, code, null, false, false);
        var site = new Site(new SiteId(1), default, new FunctionId(0), plan, new(address), new byte[length]);
        return Poke.MakeCall(site, new Stub(new(address + 0x100), new(address + 0x110), [.. interior.Select(i => new TargetAddress(i))]));
    }
}
