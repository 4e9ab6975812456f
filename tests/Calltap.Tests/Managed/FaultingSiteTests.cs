using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Code.Managed;
using Xunit;

namespace Calltap.Tests.Managed;

/// <summary>Sites that hold instructions which may fault: the runtime is told of their own addresses, and reads what is there.</summary>
public sealed class FaultingSiteTests
{
    // sub rsp, 8; mov rax, [rdi]; and the other way about
    private static readonly byte[] s_second = [0x48, 0x83, 0xec, 0x08, 0x48, 0x8b, 0x07], s_first = [0x48, 0x8b, 0x07, 0x48, 0x83, 0xec, 0x08];

    [Fact]
    public void Only_what_accesses_memory_may_fault()
    {
        Assert.Equal([4], FaultingInstructions.Of(Entry(s_second, 4)));
        Assert.Equal([0], FaultingInstructions.Of(Entry(s_first, 3)));
        Assert.Empty(FaultingInstructions.Of(Entry(s_second, 4) with { MayFault = false }));
        Assert.Equal([0], FaultingInstructions.Of(Entry([0xf3, 0xaa, 0x90, 0x90, 0x90], 2))); // rep stosb
        Assert.Empty(FaultingInstructions.Of(Entry([0x48, 0x8d, 0x47, 0x08, 0x48, 0x8b, 0x44, 0x24, 0x08], 4))); // lea; a load from the stack
    }

    /// <summary>The distance of the jump begins with c2 or c3 where the second instruction was: a return, wherever the stub is nearby.</summary>
    [Fact]
    public void A_stub_that_can_be_nowhere_takes_no_room()
    {
        var start = new TargetAddress(0x7f00_0000_0000);
        TargetAddress at = start + 0x3d00_0000;
        var writer = new StubWriter(new byte[4096], start, new CountingStub(start, 0));
        var events = new StubEvents(start, 1, false, null, 0);
        Assert.False(writer.TryWrite(Entry(s_second, 4), s_second, at, events, out _, out RefusalReason reason));
        Assert.Equal(RefusalReason.MayFault, reason);
        Assert.Equal(0, writer.Length);
        Assert.True(writer.TryWrite(Entry(s_first, 3), s_first, at, events, out Stub? stub, out _)); // nobody is told of its second one
        Assert.Equal(start, stub!.Start);
    }

    private static SitePlan Entry(byte[] bytes, int second) =>
        new(new ImageAddress(0x1000), bytes.Length, SiteKind.Entry, SiteClass.SeveralInstructions, new OffsetSet(1u << second), bytes.Length, bytes.Length, null, false, false)
        {
            MayFault = true,
            Original = RegionBytes.From(bytes),
        };
}
