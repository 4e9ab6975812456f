using Calltap.Symbols;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Symbols;

public sealed class LoadBiasTests
{
    // Text and data share file page 0x1000, as linkers without -z separate-code lay them out.
    private static readonly LoadSegment[] s_segments =
    [
        new(new(0x0), new(0x600), new(0), new(0x600), true, false, false),
        new(new(0x1600), new(0x700), new(0x600), new(0x700), true, false, true),
        new(new(0x3d00), new(0x500), new(0xd00), new(0x400), true, true, false),
    ];

    [Fact]
    public void Is_the_distance_from_link_time_to_run_time_addresses()
    {
        MemoryMapping[] maps = [Map(0x10000, 0x11000, 0, "r"), Map(0x11000, 0x12000, 0, "rx"), Map(0x13000, 0x14000, 0, "rw")];
        Assert.Equal([0x10000L], LoadBias.Find(maps, s_segments));
    }

    [Fact]
    public void Is_zero_for_an_image_at_its_own_addresses()
    {
        LoadSegment[] segments = [new(new(0x400000), new(0x5000), new(0), new(0x5000), true, false, true)];
        Assert.Equal([0L], LoadBias.Find([Map(0x400000, 0x405000, 0, "rx")], segments));
    }

    [Fact]
    public void Survives_a_split_mapping_whose_first_part_is_gone()
    {
        LoadSegment[] segments = [new(new(0x1000), new(0x5000), new(0x1000), new(0x5000), true, false, true)];
        Assert.Equal([0x20000L], LoadBias.Find([Map(0x23000, 0x26000, 0x3000, "rx")], segments));
    }

    /// <summary>In a single-file program of .NET an assembly begins anywhere: here at 0x13380, as the runtime maps it.</summary>
    [Fact]
    public void Is_no_whole_number_of_pages_where_the_image_begins_within_one()
    {
        LoadSegment[] segments = [new(new(0x10200), new(0x1200), new(0x13580), new(0x1200), true, false, true), new(new(0x21400), new(0x300), new(0x14780), new(0x300), true, true, false)];
        MemoryMapping[] maps = [Map(0x30000, 0x32000, 0x13000, "r"), Map(0x40000, 0x42000, 0x13000, "rx"), Map(0x51000, 0x52000, 0x14000, "rw")];
        Assert.Equal([0x30380L], LoadBias.Find(maps, segments));
        Assert.True(LoadBias.IsComplete(0x30380, maps, segments));
    }

    [Fact]
    public void Is_twofold_for_a_library_loaded_twice()
    {
        LoadSegment[] segments = [new(new(0x1000), new(0x1000), new(0x1000), new(0x1000), true, false, true)];
        Assert.Equal([0x10000L, 0x50000L], LoadBias.Find([Map(0x11000, 0x12000, 0x1000, "rx"), Map(0x51000, 0x52000, 0x1000, "rx")], segments));
    }

    [Fact]
    public void An_image_is_complete_when_its_last_segment_is_mapped()
    {
        MemoryMapping[] maps = [.. s_segments.Select(s => MapOf(s, 0x10000))];
        Assert.True(LoadBias.IsComplete(0x10000, maps, s_segments));
        Assert.False(LoadBias.IsComplete(0x10000, maps[..2], s_segments));
    }

    [Fact]
    public void Code_belongs_to_the_image_that_explains_it()
    {
        LoadSegment[] segments = [new(new(0x1000), new(0x1000), new(0x1000), new(0x1000), true, false, true)];
        MemoryMapping one = Map(0x11000, 0x12000, 0x1000, "rx"), other = Map(0x51000, 0x52000, 0x1000, "rx");
        Assert.True(LoadBias.Belongs(0x10000, one, segments));
        Assert.False(LoadBias.Belongs(0x10000, other, segments));
    }

    [Fact]
    public void Is_absent_when_no_code_is_mapped()
    {
        Assert.Empty(LoadBias.Find([Map(0x10000, 0x11000, 0, "r")], s_segments));
        Assert.Empty(LoadBias.Find([Map(0x10000, 0x11000, 0x9000, "rx")], s_segments));
        Assert.Empty(LoadBias.Find([], s_segments));
    }

    [Fact]
    public void Any_page_aligned_bias_is_found_again() =>
        Gen.Long[0, 0x7FFF_FFFF].Select(page => page << 12).Sample(bias =>
        {
            var maps = s_segments.Select(s => MapOf(s, bias)).ToList();
            return LoadBias.Find(maps, s_segments) is [var found] && found == bias;
        });

    [Fact]
    public void Finds_the_libraries_of_this_process()
    {
        var maps = ProcMaps.Parse(File.ReadAllBytes("/proc/self/maps")).Where(m => m.Path.EndsWith("/libc.so.6", StringComparison.Ordinal)).ToList();
        Assert.SkipUnless(maps.Count > 0 && File.Exists(maps[0].Path), "this runtime does not use glibc");
        var module = Sample.Read(maps[0].Path);
        var bias = Assert.Single(LoadBias.Find(maps, module.LoadSegments));
        Assert.All(module.Functions, f => Assert.Contains(maps, m => m.IsExecutable && m.Contains(f.Address.At(bias))));
    }

    private static MemoryMapping MapOf(LoadSegment segment, long bias)
    {
        var start = segment.Address.At(bias).Value & ~4095UL;
        var end = (segment.Address.At(bias).Value + (ulong)segment.FileSize.Value + 4095) & ~4095UL;
        return Map(start, end, segment.Offset.Value & ~4095L, segment.Executable ? "rx" : segment.Writable ? "rw" : "r");
    }

    private static MemoryMapping Map(ulong start, ulong end, long offset, string permissions) => new(
        new(start),
        new(end),
        MappingPermissions.Read
            | (permissions.Contains('w', StringComparison.Ordinal) ? MappingPermissions.Write : MappingPermissions.None)
            | (permissions.Contains('x', StringComparison.Ordinal) ? MappingPermissions.Execute : MappingPermissions.None),
        new(offset),
        new(8, 1),
        1,
        "/lib/x.so",
        false);
}
