using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.LiveTests.Target;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>One table of cases for the emulation in C#, which the guard uses, and the machine code in the target.</summary>
public sealed class TrapHandlerTests(ITestOutputHelper output) : IDisposable
{
    const int SI_KERNEL = 0x80, SI_TKILL = -6;
    const byte Int3 = 0xcc;

    readonly TrapHandlerExecution _handler = new();

    public static TheoryData<string> Cases => ["jump", "nop", "return", "return that pops", "call"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Does_what_the_emulation_does(string name)
    {
        TargetAddress site = default;
        for (int i = 0; i < 7; i++) // wherever in the table
        {
            TargetAddress added = _handler.AddSite(Int3, at => Becoming(i == 4 ? name : "jump", at));
            if (i == 4) site = added;
        }
        for (ulong seed = 1; seed < 50; seed++)
        {
            RegisterBlock before = Seeded(seed) with { Rsp = _handler.Stack + 64 * (long)(seed % 8), Rip = site + 1 };
            ulong top = _handler.Word(before.Rsp) = seed * 0x1234_5678_9abc;
            _handler.Word(before.Rsp + -8) = 0;
            RegisterBlock expected = Emulator.Apply(before, Becoming(name, site), top, out StackStore? store);
            Assert.Equal(expected, _handler.Call(before.Rip, SI_KERNEL, before));
            Assert.Equal(store?.Value ?? 0, _handler.Word(before.Rsp + -8));
        }
        Assert.Equal((49, 0), _handler.Counts);
    }

    /// <summary>Breakpoints that stay are met while the table is filled for the next window and the one after that.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)] // the positive control: a handler that is not told goes by what is half written
    public void The_table_may_be_filled_meanwhile(bool numbered)
    {
        TargetAddress[] sites = [.. Enumerable.Range(0, 7).Select(_ => _handler.AddSite(Int3, TrapHandlerExecution.JumpFrom))];
        _handler.SetAction(ignored: false);
        _handler.Refill(0, numbered);
        bool ends = false;
        var filler = new Thread(() =>
        {
            for (int i = 0; !Volatile.Read(ref ends); i++) _handler.Refill(i % 4, numbered);
        });
        filler.Start();
        long calls = 0, wrong = 0;
        TimeSpan time = numbered ? TimeSpan.FromSeconds(LiveTest.Repeat(1, 60)) : EngineTests.Patience;
        for (Deadline end = Deadline.In(time); !end.IsPast && (numbered || wrong == 0);)
            for (int i = 0; i < 1000; i++, calls++)
            {
                TargetAddress site = sites[4 + i % 3];
                RegisterBlock before = Seeded(3) with { Rip = site + 1 };
                if (_handler.Call(before.Rip, SI_KERNEL, before) != before with { Rip = site + 0x2000 }) wrong++;
            }
        Volatile.Write(ref ends, true);
        filler.Join();
        output.WriteLine($"{calls} traps, {wrong} answered wrongly");
        Assert.Equal(numbered, wrong == 0);
        if (numbered) Assert.Equal((calls, 0), _handler.Counts);
    }

    [Fact]
    public void A_breakpoint_that_is_gone_was_late()
    {
        TargetAddress site = _handler.AddSite(0xe9, at => Becoming("jump", at));
        RegisterBlock before = Seeded(3) with { Rip = site + 1 };
        Assert.Equal(before with { Rip = site }, _handler.Call(before.Rip, SI_KERNEL, before));
        Assert.Equal((0, 1), _handler.Counts);
    }

    /// <summary>A guard that died at it, before or after it had set the registers.</summary>
    [Fact]
    public void A_trap_that_was_being_answered_is_answered_once()
    {
        TargetAddress site = _handler.AddSite(Int3, at => Becoming("return", at));
        RegisterBlock before = Seeded(9) with { Rsp = _handler.Stack, Rip = site + 1 };
        ulong top = _handler.Word(before.Rsp) = 0x1234_5678;
        RegisterBlock after = _handler.Call(before.Rip, TrapHandlerEmitter.BeingAnswered, before, TrapHandlerEmitter.Mark);
        Assert.Equal(before with { Rip = new(top), Rsp = before.Rsp + 8 }, after);
        Assert.Equal(after, _handler.Call(after.Rip, TrapHandlerEmitter.BeingAnswered, after, TrapHandlerEmitter.Mark));
        Assert.Equal((1, 0), _handler.Counts);
    }

    [Theory]
    [InlineData(false)] // an int3 elsewhere
    [InlineData(true)]  // a signal sent
    public void Any_other_trap_is_the_programs(bool sent)
    {
        TargetAddress site = _handler.AddSite(Int3, at => Becoming("jump", at));
        RegisterBlock before = Seeded(5) with { Rip = site + (sent ? 1 : 3) };
        _handler.SetAction(ignored: false);
        Assert.Equal(before, _handler.Call(before.Rip, sent ? SI_TKILL : SI_KERNEL, before));
        Assert.Equal(1, _handler.Chained);
        Assert.Equal((0, 0), _handler.Counts);
    }

    /// <summary>A handler that the program has set in a window may pass on what it does not know: it must not get it back.</summary>
    [Fact]
    public void What_was_passed_on_is_not_passed_back()
    {
        TargetAddress site = _handler.AddSite(Int3, at => Becoming("jump", at));
        RegisterBlock before = Seeded(11) with { Rip = site + 3 };
        _handler.SetAction(ignored: false);
        _handler.IsPassedOn = true;
        Assert.Equal(before, _handler.Call(before.Rip, SI_KERNEL, before));
        Assert.Equal(0, _handler.Chained);
        Assert.Equal(before with { Rip = site + 0x2000 }, _handler.Call(site + 1, SI_KERNEL, before));
    }

    [Fact]
    public void A_signal_that_the_program_ignores_is_ignored()
    {
        RegisterBlock before = Seeded(7) with { Rip = _handler.Stack };
        _handler.SetAction(ignored: true);
        Assert.Equal(before, _handler.Call(before.Rip, SI_TKILL, before));
        Assert.Equal(0, _handler.Chained);
    }

    public void Dispose() => _handler.Dispose();

    static EmulatedInstruction Becoming(string name, TargetAddress site) => name switch
    {
        "nop" => EmulatedInstruction.Nop(site + 5),
        "return" => EmulatedInstruction.Return(),
        "return that pops" => EmulatedInstruction.Return(24),
        "call" => EmulatedInstruction.Call(site + 0x1000, site + 5),
        _ => EmulatedInstruction.Jump(site + 0x2000),
    };

    static RegisterBlock Seeded(ulong seed)
    {
        ulong Next(ulong n) => seed * 0x9e3779b97f4a7c15 + n;
        return new RegisterBlock
        {
            Rax = Next(0), Rcx = Next(1), Rdx = Next(2), Rbx = Next(3), Rbp = Next(4), Rsi = Next(5), Rdi = Next(6), R8 = Next(7), R9 = Next(8),
            R10 = Next(9), R11 = Next(10), R12 = Next(11), R13 = Next(12), R14 = Next(13), R15 = Next(14), Rsp = new(Next(15)), Rflags = 0x246,
        };
    }
}
