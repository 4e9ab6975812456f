using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Patching;
using Xunit;

namespace Calltap.Tests.Patching;

public sealed class SitePolicyTests
{
    const ulong SiteAddress = 0x1000, StubAddress = 0x5000, Copy = 0x500d, Stack = 0x7fff_0000, Caller = 0x4321;

    readonly Words _stack = new() { Value = Caller };
    TrapCounts _counts;

    [Fact]
    public void A_site_being_armed_jumps_to_its_stub()
    {
        user_regs_struct after = Answer(Poke.MakeCall(NewSite(SiteKind.Entry, SiteClass.SeveralInstructions, 5), NewStub()));
        Assert.Equal((StubAddress, Stack), (after.rip, after.rsp));
        Assert.Equal((1L, 1L), (_counts.EmulatedJumps, _counts.Emulated));
    }

    [Fact]
    public void A_site_being_disarmed_runs_the_displaced_copy()
    {
        user_regs_struct after = Answer(Poke.MakeNop(Armed(SiteKind.Entry, SiteClass.SeveralInstructions, 5)));
        Assert.Equal((Copy, Stack), (after.rip, after.rsp));
        Assert.Equal(1, _counts.EmulatedJumps);
    }

    [Fact]
    public void A_nop_being_restored_is_passed()
    {
        user_regs_struct after = Answer(Poke.MakeNop(Armed(SiteKind.Entry, SiteClass.Nop5, 5)));
        Assert.Equal((SiteAddress + 5, Stack), (after.rip, after.rsp));
        Assert.Equal(1, _counts.EmulatedNops);
    }

    [Fact]
    public void A_return_being_restored_returns()
    {
        user_regs_struct after = Answer(Poke.MakeNop(Armed(SiteKind.Return, SiteClass.ReturnWithPadding, 1)));
        Assert.Equal((Caller, Stack + 8), (after.rip, after.rsp));
        Assert.Equal(1, _counts.EmulatedReturns);
    }

    [Fact]
    public void A_call_pushes_its_return_address()
    {
        Site site = NewSite(SiteKind.Entry, SiteClass.Nop5, 5);
        user_regs_struct after = Answer(new Poke(site, site.Original, null, EmulatedInstruction.Call(new(StubAddress), new(SiteAddress + 5))));
        Assert.Equal((StubAddress, Stack - 8), (after.rip, after.rsp));
        Assert.Equal((new TargetAddress(Stack - 8), SiteAddress + 5), (_stack.Stored, _stack.Value));
        Assert.Equal(1, _counts.EmulatedCalls);
    }

    [Theory]
    [InlineData(0x40ul, StubAddress)]
    [InlineData(0x0ul, SiteAddress + 6)]
    public void A_conditional_jump_looks_at_the_flags(ulong flags, ulong expected)
    {
        const byte IfZero = 4;
        Site site = NewSite(SiteKind.ConditionalTailJump, SiteClass.SingleInstruction, 6);
        var becoming = EmulatedInstruction.ConditionalJump(IfZero, new(StubAddress), new(SiteAddress + 6));
        Assert.Equal(expected, Answer(new Poke(site, site.Original, null, becoming), flags).rip);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void A_stack_that_cannot_be_used_gives_no_answer(bool reads, bool writes)
    {
        _stack.Reads = reads;
        _stack.Writes = writes;
        Site site = Armed(SiteKind.Return, SiteClass.ReturnWithPadding, 1);
        EmulatedInstruction becoming = reads ? EmulatedInstruction.Call(new(StubAddress), default) : EmulatedInstruction.Return();
        user_regs_struct registers = Registers(0), before = registers;
        Assert.Equal(Int3Answer.None, new SitePolicy().Answer(new Poke(site, site.Original, null, becoming), ref registers, _stack, ref _counts));
        Assert.Equal((before.rip, before.rsp), (registers.rip, registers.rsp));
        Assert.Equal(0, _counts.Emulated);
    }

    user_regs_struct Answer(Poke poke, ulong flags = 0)
    {
        user_regs_struct registers = Registers(flags);
        Assert.Equal(Int3Answer.Emulated, new SitePolicy().Answer(poke, ref registers, _stack, ref _counts));
        Assert.Equal((flags, 77ul), (registers.eflags, registers.rax));
        return registers;
    }

    static user_regs_struct Registers(ulong flags) => new() { rip = SiteAddress + 1, rsp = Stack, eflags = flags, rax = 77 };

    static Stub NewStub() => new(new(StubAddress), new(Copy), []);

    static Site Armed(SiteKind kind, SiteClass siteClass, int codeLength)
    {
        Site site = NewSite(kind, siteClass, codeLength);
        site.Stub = NewStub();
        site.State = SiteState.Armed;
        return site;
    }

    static Site NewSite(SiteKind kind, SiteClass siteClass, int codeLength) => new(
        new SiteId(1), default, new FunctionId(0),
        new SitePlan(default, Math.Max(5, codeLength), kind, siteClass, default, 0, codeLength, null, false, false),
        new(SiteAddress), new byte[8]);

    sealed class Words : IStackAccess
    {
        public ulong Value { get; set; }

        public TargetAddress Stored { get; private set; }

        public bool Reads { get; set; } = true;

        public bool Writes { get; set; } = true;

        public bool TryRead(TargetAddress address, out ulong value)
        {
            value = Value;
            return Reads && address.Value == Stack;
        }

        public bool TryWrite(TargetAddress address, ulong value)
        {
            if (Writes) (Stored, Value) = (address, value);
            return Writes;
        }
    }
}
