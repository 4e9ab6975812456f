using Calltap.Patching;
using CsCheck;
using Iced.Intel;
using Xunit;

namespace Calltap.Tests.Patching;

public sealed class PatchBytesTests
{
    [Theory]
    [InlineData(PatchBytes.BreakpointLength)]
    [InlineData(PatchBytes.Length)]
    [InlineData(PatchBytes.MaxLength)]
    public void Bytes_round_trip(int size) => Gen.Byte.Array[6, 9].Sample(bytes =>
    {
        PatchBytes patch = PatchBytes.From(bytes, size);
        var copy = new byte[size];
        patch.CopyTo(copy);
        var tail = new byte[size - 1];
        patch.TailTo(tail);
        return patch.Size == size && bytes.AsSpan(0, size).SequenceEqual(copy) && bytes.AsSpan(1, size - 1).SequenceEqual(tail) && patch.Head == bytes[0];
    });

    [Theory]
    [InlineData(PatchBytes.Length)]
    [InlineData(PatchBytes.MaxLength)]
    public void A_jump_leads_to_its_target(int size) => Gen.Int.Sample(offset =>
    {
        var site = new TargetAddress(0x7f00_0000_1000);
        TargetAddress target = site + size + offset;
        var bytes = new byte[size];
        PatchBytes.Jump(site, target, size).CopyTo(bytes);
        Decoder.Create(64, bytes, site.Value).Decode(out Instruction jump);
        Assert.Equal(Iced.Intel.Code.Jmp_rel32_64, jump.Code);
        Assert.Equal(size, jump.Length);
        Assert.Equal(target.Value, jump.NearBranchTarget);
        Assert.Equal(target, PatchBytes.From(bytes, size).JumpsFrom(site));
        Assert.Null(PatchBytes.From([0xcc, .. bytes[1..]], size).JumpsFrom(site));
    });

    [Fact]
    public void A_breakpoint_that_stays_is_one_byte_that_leads_nowhere()
    {
        Assert.Equal(PatchBytes.Breakpoint, PatchBytes.From([0xcc], PatchBytes.BreakpointLength));
        Assert.True(PatchBytes.Breakpoint.Stays);
        Assert.Null(PatchBytes.Breakpoint.JumpsFrom(new(0x1000)));
        Assert.False(PatchBytes.From([0xc3], PatchBytes.BreakpointLength).Stays);
        Assert.False(PatchBytes.From([0xcc, 0, 0, 0, 0]).Stays); // a window's
        Assert.Equal("cc", $"{PatchBytes.Breakpoint}");
    }

    [Theory]
    [InlineData(int.MaxValue + 1L)]
    [InlineData(int.MinValue - 1L)]
    public void A_target_out_of_reach_throws(long offset) =>
        Assert.Throws<OverflowException>(() => PatchBytes.Jump(new(0x7f00_0000_0000), new TargetAddress(0x7f00_0000_0005) + offset));
}
