using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

public sealed class NettraceTests
{
    const string Rundown = "Microsoft-Windows-DotNETRuntimeRundown";
    const uint QuickJitted = 8 | (3 << 7), Precompiled = 0, Cold = 8 | (1u << 28);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Events_are_given_with_provider_number_and_payload(bool isCompressed)
    {
        using var sample = new NettraceSample();
        sample.Block("MetadataBlock", NettraceSample.Content(isCompressed, (0, NettraceSample.Kind(1, "One", 7, 2)), (0, NettraceSample.Kind(200, "Two", 8, 0))));
        sample.Block("StackBlock", new byte[9]);
        sample.Block("EventBlock", NettraceSample.Content(isCompressed, (1, [1, 2, 3]), (200, []), (1, [4]), (1, [5]), (99, [6])));
        sample.Block("SPBlock", new byte[12]);
        Assert.Equal(
            ["One 7 2 010203", "Two 8 0 ", "One 7 2 04", "One 7 2 05"],
            NettraceReader.Read("sample", sample.Bytes).Select(told => $"{told.Provider} {told.Id} {told.Version} {Convert.ToHexString(told.Payload.Span)}"));
    }

    [Fact]
    public void A_rundown_tells_methods_and_which_assemblies_may_be_unloaded()
    {
        var rundown = ManagedRundown.Read("sample", Sample());
        Assert.True(rundown.HasCollectible);
        Assert.Equal(
            [
                "1000 20 Shop Shop.Till.Open(int,string) QuickJitted False",
                "2000 30 Plugin Plugin.Box<T0>.Add(T0) QuickJitted True",
                "5000 10  Gone.Type.Method() QuickJitted True",
            ],
            rundown.Methods.Select(method => $"{method.Start:x} {method.Size:x} {method.Name?.Assembly} {method.Name?.Name} {method.Name?.Tier} {method.IsCollectible}"));
        Assert.True(rundown.IsCollectible("Plugin"));
        Assert.False(rundown.IsCollectible("Shop"));
        Assert.False(rundown.IsCollectible("Other"));
    }

    [Fact]
    public void Damaged_streams_throw_one_kind_of_exception()
    {
        byte[] whole = Sample();
        for (int length = 0; length < whole.Length; length++) Assert.Throws<ElfFormatException>(() => ManagedRundown.Read("sample", whole.AsMemory(0, length)));
        for (int at = 0; at < whole.Length; at++)
            foreach (byte value in (ReadOnlySpan<byte>)[0, 1, 0x7f, 0x80, 0xff])
            {
                byte[] damaged = [.. whole];
                damaged[at] = value;
                if (Record.Exception(() => ManagedRundown.Read("sample", damaged)) is { } e) Assert.IsType<ElfFormatException>(e);
            }
    }

    [Fact]
    public void One_that_is_just_being_unloaded_is_known_by_what_it_was_made_with()
    {
        using var sample = new NettraceSample();
        sample.Block("MetadataBlock", NettraceSample.Content(true, (0, NettraceSample.Kind(1, Rundown, 144, 2))));
        sample.Block("EventBlock", NettraceSample.Content(true, (1, Method(100, 0x3000, 0x10, Precompiled, "System.Reflection.LoaderAllocator", ".ctor", "instance void  ()"))));
        var rundown = ManagedRundown.Read("sample", sample.Bytes);
        Assert.True(rundown.HasCollectible);
        Assert.Empty(rundown.Methods);
    }

    static byte[] Sample()
    {
        using var sample = new NettraceSample();
        sample.Block("MetadataBlock", NettraceSample.Content(true, (0, NettraceSample.Kind(1, Rundown, 144, 2)), (0, NettraceSample.Kind(2, Rundown, 154, 2)), (0, NettraceSample.Kind(3, Rundown, 156, 1)), (0, NettraceSample.Kind(4, "Other", 144, 2))));
        sample.Block("EventBlock", NettraceSample.Content(
            true,
            (4, [1]),
            (1, Method(100, 0x1000, 0x20, QuickJitted, "Shop.Till", "Open", "instance void  (int32,class System.String)")),
            (1, Method(101, 0x2000, 0x30, QuickJitted, "Plugin.Box`1[System.__Canon]", "Add", "instance bool  (!0)")),
            (1, Method(100, 0x3000, 0x10, Precompiled, "Shop.Till", "Close", "void  ()")),
            (1, Method(100, 0x4000, 0x10, Cold, "Shop.Till", "Close", "void  ()")),
            (1, Method(102, 0x5000, 0x10, QuickJitted, "Gone.Type", "Method", "void  ()")),
            (2, Module(100, 10)), (2, Module(101, 11)),
            (3, Assembly(10, 0, "Shop, Version=1.0.0.0, Culture=neutral")), (3, Assembly(11, 8, "Plugin"))));
        return sample.Bytes;
    }

    static byte[] Method(ulong module, ulong start, uint size, uint flags, string type, string name, string signature) => NettraceSample.Bits(writer =>
    {
        writer.Write(0x7f00_0000_0000ul);
        writer.Write(module);
        writer.Write(start);
        writer.Write(size);
        writer.Write(0x6000001u);
        writer.Write(flags);
        foreach (string text in (string[])[type, name, signature]) writer.Write(NettraceSample.Text(text));
        writer.Write((ushort)0);
        writer.Write(0ul);
    });

    static byte[] Module(ulong id, ulong assembly) => NettraceSample.Bits(writer =>
    {
        writer.Write(id);
        writer.Write(assembly);
        writer.Write(0ul);
    });

    static byte[] Assembly(ulong id, uint flags, string name) => NettraceSample.Bits(writer =>
    {
        writer.Write(id);
        writer.Write(1ul);
        writer.Write(0ul);
        writer.Write(flags);
        writer.Write(NettraceSample.Text(name));
        writer.Write((ushort)0);
    });
}
