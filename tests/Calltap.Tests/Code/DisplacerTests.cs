using CsCheck;
using Calltap.Code;
using Iced.Intel;
using Xunit;

namespace Calltap.Tests.Code;

public sealed class DisplacerTests
{
    private static readonly TargetAddress s_from = new(0x5555_5555_1000);
    private static readonly TargetAddress s_to = new(0x5555_4444_2345);

    [Theory]
    [InlineData("554889e54883ec10", "554889e54883ec10", "0,1,4")]
    [InlineData("488d0510000000", "488d05cbfc1011", "0")] // lea rax,[rip+16]
    [InlineData("85ff7420", "85ff0f84dbec1011", "0,2")] // test edi,edi; je +32
    [InlineData("ebf0", "e9a8ec1011", "0")] // jmp -16
    public void Code_becomes_what_it_should(string hex, string expected, string offsets)
    {
        (byte[] code, int[] starts) = Displace(hex);
        Assert.Equal(offsets, string.Join(',', starts));
        Assert.Equal(expected.Length, code.Length * 2);
        AssertSame(Convert.FromHexString(hex), code);
    }

    [Fact]
    public void A_call_pushes_the_original_return_address_and_jumps()
    {
        // push rbx; call +0x100
        (byte[] code, int[] starts) = Displace("53e800010000");
        Assert.Equal([0, 1], starts);
        Assert.Equal("53" + "488d6424f8" + "c7042406105555" + "c744240455550000" + "e9", Convert.ToHexStringLower(code)[..^8]);
        Assert.Equal(s_from + 0x106, Target(code[^5..], s_to + (code.Length - 5)));
    }

    [Theory]
    [InlineData("ffd0", "ffe0")] // call rax
    [InlineData("41ffd3", "41ffe3")] // call r11
    [InlineData("ff5018", "ff6018")] // call [rax+24]
    [InlineData("42ff14ff", "42ff24ff")] // call [rdi+r15*8]
    public void An_indirect_call_becomes_the_same_jump(string hex, string expected)
    {
        (byte[] code, _) = Displace(hex);
        Assert.EndsWith(expected, Convert.ToHexStringLower(code), StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_through_the_GOT_reads_the_same_slot()
    {
        (byte[] code, _) = Displace("ff1500010000");
        Instruction jump = Decode(code[^6..], s_to + (code.Length - 6))[0];
        Assert.Equal(Iced.Intel.Code.Jmp_rm64, jump.Code);
        Assert.Equal(s_from.Value + 0x106, jump.IPRelativeMemoryAddress);
    }

    [Theory]
    [InlineData("e80001000090", RefusalReason.CallInside)]
    [InlineData("ff542408", RefusalReason.CallThroughStackPointer)]
    [InlineData("ffd4", RefusalReason.CallThroughStackPointer)]
    [InlineData("e310", RefusalReason.CountedJump)]
    [InlineData("e210", RefusalReason.CountedJump)]
    [InlineData("0f05", RefusalReason.SystemInstruction)]
    [InlineData("cc", RefusalReason.SystemInstruction)]
    [InlineData("48cf", RefusalReason.FarTransfer)]
    [InlineData("d5", RefusalReason.Undecodable)]
    [InlineData("488b", RefusalReason.Undecodable)]
    [InlineData("678b0500010000", RefusalReason.AddressSizeOverride)]
    [InlineData("7401909090", RefusalReason.BranchIntoRegion)]
    public void What_cannot_be_displaced_says_why(string hex, RefusalReason expected)
    {
        var destination = new byte[64];
        bool displaced = Displacer.TryDisplace(Convert.FromHexString(hex), s_from, s_to, destination, new byte[19], out int written, out RefusalReason reason);
        Assert.Equal((false, 0, expected), (displaced, written, reason));
    }

    [Theory]
    [InlineData("488d0510000000")]
    [InlineData("e900000000")]
    [InlineData("0f8400010000")]
    [InlineData("e800010000")]
    public void What_is_too_far_away_is_out_of_reach(string hex)
    {
        TargetAddress far = s_from + (1L << 31) + 4096;
        Assert.False(Displacer.TryDisplace(Convert.FromHexString(hex), s_from, far, new byte[64], new byte[19], out _, out RefusalReason reason));
        Assert.Equal(RefusalReason.OutOfReach, reason);
    }

    [Fact]
    public void Every_room_that_is_too_small_is_refused_and_never_overrun()
    {
        byte[] code = Convert.FromHexString("488d05100000007410e800010000");
        var full = new byte[64];
        Assert.True(Displacer.TryDisplace(code, s_from, s_to, full, new byte[3], out int needed, out _));
        for (int room = 0; room < needed; room++)
        {
            Assert.False(Displacer.TryDisplace(code, s_from, s_to, new byte[room], new byte[3], out _, out RefusalReason reason));
            Assert.Equal(RefusalReason.NoRoom, reason);
        }

        Assert.False(Displacer.TryDisplace(code, s_from, s_to, full, new byte[2], out _, out RefusalReason offsets));
        Assert.Equal(RefusalReason.NoRoom, offsets);
    }

    /// <summary>Random bytes that decode: the copy has the same instructions, operands and absolute targets.</summary>
    [Fact]
    public void Displaced_code_means_the_same()
    {
        int displaced = 0;
        Gen.Byte.Array[15].Sample(
            bytes =>
            {
                Instruction first = Decode(bytes, s_from)[0];
                if (first.IsInvalid)
                    return;
                byte[] code = bytes[..first.Length];
                var destination = new byte[64];
                if (!Displacer.TryDisplace(code, s_from, s_to, destination, new byte[1], out int written, out RefusalReason reason))
                {
                    Assert.NotEqual(RefusalReason.None, reason);
                    return;
                }

                Assert.InRange(written, 1, Displacer.MaxInstructionLength);
                if (first.FlowControl is not (FlowControl.Call or FlowControl.IndirectCall))
                    AssertSame(code, destination[..written]);
                Interlocked.Increment(ref displaced);
            },
            iter: 40_000);
        Assert.True(displaced > 4_000, $"only {displaced} samples were displaced");
    }

    private static (byte[] Code, int[] Starts) Displace(string hex)
    {
        byte[] code = Convert.FromHexString(hex);
        var destination = new byte[64];
        var offsets = new byte[19];
        Array.Fill(offsets, byte.MaxValue);
        Assert.True(Displacer.TryDisplace(code, s_from, s_to, destination, offsets, out int written, out RefusalReason reason), reason.Text());
        return (destination[..written], [.. offsets.TakeWhile(o => o != byte.MaxValue).Select(o => (int)o)]);
    }

    private static void AssertSame(byte[] original, byte[] copy)
    {
        List<Instruction> expected = Decode(original, s_from), actual = Decode(copy, s_to);
        Assert.Equal(expected.Count, actual.Count);
        foreach ((Instruction e, Instruction a) in expected.Zip(actual))
        {
            Assert.Equal(e.Mnemonic, a.Mnemonic);
            Assert.Equal(Text(e), Text(a));
        }
    }

    // With absolute targets, and without the encoding's own choices: branch length, branch hints and the ignored bnd prefix.
    private static string Text(Instruction instruction)
    {
        if (instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch)
            return $"{instruction.Mnemonic} {instruction.NearBranchTarget:x}";
        var output = new StringOutput();
        new NasmFormatter { Options = { ShowBranchSize = false, RipRelativeAddresses = false, DisplacementLeadingZeros = true } }.Format(instruction, output);
        return output.ToString();
    }

    private static TargetAddress Target(byte[] jump, TargetAddress at) => new(Decode(jump, at)[0].NearBranchTarget);

    private static List<Instruction> Decode(byte[] code, TargetAddress at)
    {
        Decoder decoder = Decoder.Create(64, code, at.Value);
        var instructions = new List<Instruction>();
        while (decoder.IP - at.Value < (ulong)code.Length)
        {
            instructions.Add(decoder.Decode());
            if (instructions[^1].IsInvalid)
                break;
        }

        return instructions;
    }
}
