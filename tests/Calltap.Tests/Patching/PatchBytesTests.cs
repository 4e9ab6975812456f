using Calltap.Patching;
using CsCheck;
using Iced.Intel;
using Xunit;

namespace Calltap.Tests.Patching;

public sealed class PatchBytesTests
{
    [Fact]
    public void Bytes_round_trip() => Gen.Byte.Array[5, 9].Sample(bytes =>
    {
        PatchBytes patch = PatchBytes.From(bytes);
        var copy = new byte[5];
        patch.CopyTo(copy);
        var tail = new byte[4];
        patch.TailTo(tail);
        return bytes.AsSpan(0, 5).SequenceEqual(copy) && bytes.AsSpan(1, 4).SequenceEqual(tail) && patch.Head == bytes[0];
    });

    [Fact]
    public void A_jump_leads_to_its_target() => Gen.Int.Sample(offset =>
    {
        var site = new TargetAddress(0x7f00_0000_1000);
        TargetAddress target = site + 5 + offset;
        var bytes = new byte[5];
        PatchBytes.Jump(site, target).CopyTo(bytes);
        Decoder.Create(64, bytes, site.Value).Decode(out Instruction jump);
        Assert.Equal(Iced.Intel.Code.Jmp_rel32_64, jump.Code);
        Assert.Equal(target.Value, jump.NearBranchTarget);
        Assert.Equal(target, PatchBytes.From(bytes).JumpsFrom(site));
        Assert.Null(PatchBytes.From([0xcc, .. bytes[1..]]).JumpsFrom(site));
    });

    [Theory]
    [InlineData(int.MaxValue + 1L)]
    [InlineData(int.MinValue - 1L)]
    public void A_target_out_of_reach_throws(long offset) =>
        Assert.Throws<OverflowException>(() => PatchBytes.Jump(new(0x7f00_0000_0000), new TargetAddress(0x7f00_0000_0005) + offset));
}
