using System.Text;
using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

public sealed class ProcMapsTests
{
    [Fact]
    public void Reads_files_anonymous_memory_and_kernel_names()
    {
        var maps = Parse("""
            00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/dbus-daemon
            00e03000-00e24000 rw-p 00000000 00:00 0           [heap]
            35b1a21000-35b1a22000 rw-s 00000000 00:00 0
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
            """);
        Assert.Equal(4, maps.Count);
        Assert.Equal(
            new(new(0x400000), new(0x452000), MappingPermissions.Read | MappingPermissions.Execute, new(0x1000), new(8, 2), 173521, "/usr/bin/dbus-daemon", false),
            maps[0]);
        Assert.True(maps[0].IsFile && maps[0].IsExecutable && !maps[0].IsShared);
        Assert.Equal(("[heap]", false), (maps[1].Path, maps[1].IsFile));
        Assert.Equal(("", true), (maps[2].Path, maps[2].IsShared));
        Assert.Equal(MappingPermissions.Execute, maps[3].Permissions);
        Assert.Equal(0x1000, maps[3].Size.Value);
    }

    [Theory]
    [InlineData("/tmp/with  two spaces ", "/tmp/with  two spaces ", false)]
    [InlineData("/tmp/a\\012b", "/tmp/a\nb", false)]
    [InlineData("/tmp/back\\slash", "/tmp/back\\slash", false)]
    [InlineData("/usr/lib/gone.so (deleted)", "/usr/lib/gone.so", true)]
    [InlineData("/memfd:doublemapper (deleted)", "/memfd:doublemapper", true)]
    [InlineData("[anon:stack of worker]", "[anon:stack of worker]", false)]
    public void Paths_are_taken_to_the_end_of_the_line(string text, string path, bool deleted)
    {
        var mapping = Assert.Single(Parse($"7f0000000000-7f0000001000 r--p 00000000 fe:01 12                         {text}\n"));
        Assert.Equal((path, deleted), (mapping.Path, mapping.Deleted));
    }

    [Theory]
    [InlineData("7f0000000000 r--p 00000000 fe:01 12 /x")]
    [InlineData("7f0000001000-7f0000000000 r--p 00000000 fe:01 12 /x")]
    [InlineData("7f0000000000-7f0000001000 r-- 00000000 fe:01 12 /x")]
    [InlineData("7f0000000000-7f0000001000 rx-p 00000000 fe:01 12 /x")]
    [InlineData("7f0000000000-7f0000001000 r--p zz fe:01 12 /x")]
    [InlineData("7f0000000000-7f0000001000 r--p 00000000 fe01 12 /x")]
    [InlineData("7f0000000000-7f0000001000 r--p 00000000 fe:01 -1 /x")]
    [InlineData("17f00000000000000-7f0000001000 r--p 00000000 fe:01 12 /x")]
    [InlineData("\n")]
    public void Anything_else_is_refused_with_its_offset(string line)
    {
        const string good = "00400000-00452000 r-xp 00001000 08:02 173521 /a\n";
        var fault = Assert.Throws<ElfFormatException>(() => Parse(good + line));
        Assert.Equal(good.Length, fault.Offset.Value);
    }

    [Fact]
    public void Too_many_lines_are_refused()
    {
        var text = Encoding.UTF8.GetBytes("00400000-00452000 r-xp 00001000 08:02 173521 /a\n00452000-00453000 r-xp 00001000 08:02 173521 /a\n");
        Assert.Equal(2, ProcMaps.Parse(text, new ElfLimits { Mappings = 2 }).Count);
        Assert.Throws<ElfFormatException>(() => ProcMaps.Parse(text, new ElfLimits { Mappings = 1 }));
    }

    [Fact]
    public void Reads_the_maps_of_this_process()
    {
        var maps = ProcMaps.Parse(Settled("/proc/self/maps"));
        Assert.Contains(maps, m => m.IsExecutable && m.IsFile);
        Assert.Contains(maps, m => m.Path == "[stack]");
        Assert.All(maps.Zip(maps.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Start));
    }

    // The kernel gives a page at a time: what grows between two of them, for another test perhaps, is shown twice.
    private static byte[] Settled(string path)
    {
        byte[] last = File.ReadAllBytes(path), now = last;
        for (int tries = 0; tries < 100; tries++, last = now)
            if ((now = File.ReadAllBytes(path)).AsSpan().SequenceEqual(last))
                return now;
        throw new InvalidOperationException("the mappings change all the time");
    }

    private static IReadOnlyList<MemoryMapping> Parse(string text) => ProcMaps.Parse(Encoding.UTF8.GetBytes(text));
}
