using Calltap.Code;
using Xunit;

namespace Calltap.Tests.Code;

public sealed class EmulatorTests
{
    private static readonly TargetAddress s_site = new(0x40_0000);

    private static readonly RegisterBlock s_registers = new()
    {
        Rip = new(0x40_0001), Rsp = new(0x7fff_0010), Rflags = 0x246, Rax = 1, Rcx = 2, Rdx = 3, Rbx = 4, Rbp = 5, Rsi = 6, Rdi = 7,
        R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15,
    };

    [Fact]
    public void A_jump_sets_rip_and_nothing_else()
    {
        RegisterBlock after = Emulator.Apply(s_registers, EmulatedInstruction.Jump(new(0x1234)), 0, out StackStore? store);
        Assert.Equal(s_registers with { Rip = new(0x1234) }, after);
        Assert.Null(store);
    }

    [Fact]
    public void A_call_stores_the_return_address_below_rsp()
    {
        RegisterBlock after = Emulator.Apply(s_registers, EmulatedInstruction.Call(new(0x1234), new(0x40_0005)), 0, out StackStore? store);
        Assert.Equal(s_registers with { Rip = new(0x1234), Rsp = new(0x7fff_0008) }, after);
        Assert.Equal(new StackStore(new(0x7fff_0008), 0x40_0005), store);
    }

    [Fact]
    public void A_nop_goes_on_behind_the_region()
    {
        RegisterBlock after = Emulator.Apply(s_registers, EmulatedInstruction.Nop(new(0x40_0009)), 0, out StackStore? store);
        Assert.Equal(s_registers with { Rip = new(0x40_0009) }, after);
        Assert.Null(store);
    }

    [Theory]
    [InlineData(0, 0x7fff_0018)]
    [InlineData(16, 0x7fff_0028)]
    public void A_return_pops_rip_and_its_arguments(ushort popBytes, ulong rsp)
    {
        RegisterBlock after = Emulator.Apply(s_registers, EmulatedInstruction.Return(popBytes), 0xdead, out StackStore? store);
        Assert.Equal(s_registers with { Rip = new(0xdead), Rsp = new(rsp) }, after);
        Assert.Null(store);
    }

    [Theory]
    [InlineData(true, 0x1234)]
    [InlineData(false, 0x40_0006)]
    public void A_conditional_jump_goes_where_the_flags_say(bool zero, ulong rip)
    {
        RegisterBlock before = s_registers with { Rflags = zero ? 0x40UL : 0 };
        RegisterBlock after = Emulator.Apply(before, EmulatedInstruction.ConditionalJump(4, new(0x1234), new(0x40_0006)), 0, out _);
        Assert.Equal(before with { Rip = new(rip) }, after);
    }

    // SDM volume 1, appendix B: the condition of each encoding, in terms of OF CF ZF SF PF.
    [Theory]
    [InlineData(0, "O")]
    [InlineData(2, "C")]
    [InlineData(4, "Z")]
    [InlineData(6, "C|Z")]
    [InlineData(8, "S")]
    [InlineData(10, "P")]
    [InlineData(12, "S^O")]
    [InlineData(14, "Z|S^O")]
    public void Each_condition_and_its_negation_hold_for_the_flags_of_the_manual(byte condition, string formula)
    {
        for (int bits = 0; bits < 32; bits++)
        {
            bool c = (bits & 1) != 0, p = (bits & 2) != 0, z = (bits & 4) != 0, s = (bits & 8) != 0, o = (bits & 16) != 0;
            ulong flags = (c ? 1UL : 0) | (p ? 4UL : 0) | (z ? 0x40UL : 0) | (s ? 0x80UL : 0) | (o ? 0x800UL : 0) | 0x202;
            bool expected = formula switch
            {
                "O" => o,
                "C" => c,
                "Z" => z,
                "C|Z" => c || z,
                "S" => s,
                "P" => p,
                "S^O" => s ^ o,
                _ => z || (s ^ o),
            };
            Assert.Equal(expected, Emulator.Holds(condition, flags));
            Assert.Equal(!expected, Emulator.Holds((byte)(condition + 1), flags));
        }
    }

    public static TheoryData<string, EmulatedInstruction> Decodable => new()
    {
        { "e900010000", EmulatedInstruction.Jump(s_site + 0x105) },
        { "eb10", EmulatedInstruction.Jump(s_site + 0x12) },
        { "e8fbffffff", EmulatedInstruction.Call(s_site, s_site + 5) },
        { "0f1f440000", EmulatedInstruction.Nop(s_site + 5) },
        { "f30f1efa", EmulatedInstruction.Nop(s_site + 4) },
        { "c3", EmulatedInstruction.Return() },
        { "f3c3", EmulatedInstruction.Return() },
        { "c21000", EmulatedInstruction.Return(16) },
        { "0f8f00010000", EmulatedInstruction.ConditionalJump(15, s_site + 0x106, s_site + 6) },
        { "7410", EmulatedInstruction.ConditionalJump(4, s_site + 0x12, s_site + 2) },
    };

    [Theory]
    [MemberData(nameof(Decodable))]
    public void What_can_be_emulated_is_recognised(string hex, EmulatedInstruction expected)
    {
        Assert.True(EmulatedInstruction.TryDecode(Convert.FromHexString(hex), s_site, out EmulatedInstruction actual));
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData("55")]
    [InlineData("ffe0")]
    [InlineData("cc")]
    [InlineData("e900")]
    [InlineData("")]
    public void What_cannot_be_emulated_is_not(string hex)
    {
        Assert.False(EmulatedInstruction.TryDecode(Convert.FromHexString(hex), s_site, out _));
    }
}
