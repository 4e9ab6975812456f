using Calltap.Code;
using Calltap.Code.Emit;
using Iced.Intel;
using Xunit;

namespace Calltap.Tests.Emit;

/// <summary>A stub calls its trampoline with its operand, runs what it displaced, and goes on where the function does.</summary>
public sealed class StubWriterTests
{
    const ulong SiteAddress = 0x7f00_0010_0000, Arena = 0x7f00_0000_0000, EntryTrampoline = Arena + 0x100, ExitTrampoline = Arena + 0x200;

    static readonly StubEvents s_both = new(new(EntryTrampoline), 7, false, new(ExitTrampoline), 8);

    static readonly StubEvents s_exit = new(null, 0, false, new(ExitTrampoline), 8);

    static readonly CountingStub s_counting = new(new(Arena + 0x300), 0x2d0);

    [Fact]
    public void A_counting_entry_counts_by_itself_and_calls_only_where_a_thread_has_no_slot()
    {
        // push rbp; mov rbp,rsp; push r15
        SitePlan plan = Plan(SiteKind.Entry, 6, 6, 6, [1, 4]) with { FlagsDeadAtEntry = true };
        Stub stub = Write("554889e54157", plan, s_both with { CountsItself = true, ExitTrampoline = null }, out List<Instruction> code);
        Instruction branch = code.Single(i => i.Mnemonic == Mnemonic.Jne);
        Instruction[] usual = [.. code.TakeWhile(i => i.IP < branch.NearBranchTarget)], first = [.. code.SkipWhile(i => i.IP < branch.NearBranchTarget)];
        Assert.Equal(Arena + 0x300, usual.Single(i => i.Mnemonic == Mnemonic.Add).IPRelativeMemoryAddress);
        Assert.Equal(7ul * 8, usual.Single(i => i.Mnemonic == Mnemonic.Inc).MemoryDisplacement64);
        Assert.Equal(0x2d0ul, usual.Single(i => i.SegmentPrefix == Register.FS).MemoryDisplacement64);
        Assert.Equal(stub.Displaced.Value, usual.Single(i => i.Mnemonic == Mnemonic.Push && i.Op0Register == Register.RBP).IP);
        Assert.Equal($"jmp {SiteAddress + 6:X}", Text(usual).Last());
        Assert.Equal(
            ["mov rcx,qword ptr [rsp-18]", "mov rax,qword ptr [rsp-10]", "mov dword ptr [rsp-10],7", $"call {EntryTrampoline:X}", $"jmp {stub.Displaced.Value:X}"],
            Text(first));
    }

    [Fact]
    public void A_counting_entry_runs_the_return_behind_its_region_only_where_nobody_wants_that_exit()
    {
        // lea eax,[rdi+rdi*2+1]... in 7 bytes, then ret
        SitePlan plan = Plan(SiteKind.Entry, 7, 7, 7, []) with { ReturnFollows = true, FlagsDeadAtEntry = true };
        Write("8d847f00010000", plan, s_both with { CountsItself = true, ExitTrampoline = null }, out List<Instruction> counting);
        string[] text = [.. Text(counting)];
        Assert.Equal("ret", text[Array.FindIndex(text, line => line.StartsWith("lea", StringComparison.Ordinal)) + 1]);
        Write("8d847f00010000", plan, s_both with { ExitTrampoline = null }, out List<Instruction> recording);
        Assert.Equal($"jmp {SiteAddress + 7:X}", Text(recording).Last());
    }

    [Fact]
    public void An_entry_records_runs_its_instructions_and_goes_back()
    {
        // push rbp; mov rbp,rsp; push r15
        Stub stub = Write("554889e54157", Plan(SiteKind.Entry, 6, 6, 6, [1, 4]), s_both, out List<Instruction> code);
        Assert.Equal(
            ["mov dword ptr [rsp-10],7", $"call {EntryTrampoline:X}", "push rbp", "mov rbp,rsp", "push r15", $"jmp {SiteAddress + 6:X}"],
            Text(code));
        Assert.Equal(code[0].IP, stub.Start.Value);
        Assert.Equal(code[2].IP, stub.Displaced.Value);
        Assert.Equal([code[3].IP, code[4].IP], stub.Interior.Select(i => i.Value));
    }

    [Fact]
    public void A_jump_that_counts_when_it_is_not_taken_is_asked_first()
    {
        // jbe, of 6 bytes, to 0x106 behind the site
        SitePlan plan = Plan(SiteKind.Entry, 6, 6, 6, []) with { CountsNotTaken = true };
        Stub stub = Write("0f8600010000", plan, s_both with { ExitTrampoline = null }, out List<Instruction> code);
        Assert.Equal(
            [$"jbe {stub.Displaced.Value:X}", "mov dword ptr [rsp-10],7", $"call {EntryTrampoline:X}", $"jbe {SiteAddress + 0x106:X}", $"jmp {SiteAddress + 6:X}"],
            Text(code).Select(line => line.Replace("short ", "", StringComparison.Ordinal).Replace("near ptr ", "", StringComparison.Ordinal)));
        Assert.Equal(code[3].IP, stub.Displaced.Value);
    }

    [Fact]
    public void A_jump_that_counts_when_it_is_not_taken_jumps_over_all_that_counts()
    {
        SitePlan plan = Plan(SiteKind.Entry, 6, 6, 6, []) with { CountsNotTaken = true };
        Stub stub = Write("0f8600010000", plan, s_both with { CountsItself = true, ExitTrampoline = null }, out List<Instruction> code);
        Assert.Equal((Mnemonic.Jbe, stub.Displaced.Value), (code[0].Mnemonic, code[0].NearBranchTarget));
        Assert.Contains(code, i => i.Mnemonic == Mnemonic.Lahf); // the jump reads the flags
    }

    [Fact]
    public void In_Go_a_counting_entry_finds_the_tid_before_the_thread_pointer()
    {
        SitePlan plan = Plan(SiteKind.Entry, 6, 6, 6, [1, 4]) with { FlagsDeadAtEntry = true };
        Write("554889e54157", plan, s_both with { CountsItself = true, ExitTrampoline = null }, out List<Instruction> code, s_counting with { TidOffset = -0x48 });
        Assert.Equal(unchecked((ulong)-0x48), code.Single(i => i.SegmentPrefix == Register.FS).MemoryDisplacement64);
    }

    [Fact]
    public void A_rip_relative_operand_means_the_same_address()
    {
        // mov rax,[rip+0x1000]
        Write("488b0500100000", Plan(SiteKind.Entry, 7, 7, 7, []), s_both, out List<Instruction> code);
        Assert.Equal(SiteAddress + 7 + 0x1000, code[2].IPRelativeMemoryAddress);
    }

    [Fact]
    public void A_return_runs_its_instructions_records_and_returns()
    {
        // pop rbx; pop rbp; ret, two nops
        Stub stub = Write("5b5dc39090", Plan(SiteKind.Return, 5, 3, 2, [1, 2]), s_exit, out List<Instruction> code);
        Assert.Equal(["pop rbx", "pop rbp", "mov dword ptr [rsp-10],8", $"call {ExitTrampoline:X}", "ret"], Text(code));
        Assert.Equal(stub.Start, stub.Displaced);
        // A thread at the ret goes on where its exit is recorded.
        Assert.Equal([code[1].IP, code[2].IP], stub.Interior.Select(i => i.Value));
    }

    [Fact]
    public void A_thread_at_any_instruction_of_a_return_goes_on_at_its_copy()
    {
        // mov eax,[rip+16]; add rsp,8; ret
        Stub stub = Write("8b05100000004883c408c3", Plan(SiteKind.Return, 11, 11, 10, [6, 10]), s_exit, out List<Instruction> code);
        Assert.Equal([code[1].IP, code[2].IP], stub.Interior.Select(i => i.Value));
    }

    [Fact]
    public void A_combined_site_records_both()
    {
        // mov eax,1; ret
        SitePlan plan = Plan(SiteKind.Entry, 6, 6, 5, [5]) with { CombinedExit = true };
        Stub stub = Write("b801000000c3", plan, s_both, out List<Instruction> code);
        Assert.Equal(
            ["mov dword ptr [rsp-10],7", $"call {EntryTrampoline:X}", "mov eax,1", "mov dword ptr [rsp-10],8", $"call {ExitTrampoline:X}", "ret"],
            Text(code));
        Assert.Equal(code[2].IP, stub.Displaced.Value);
    }

    [Fact]
    public void A_combined_site_without_exits_wanted_records_the_entry_only()
    {
        SitePlan plan = Plan(SiteKind.Entry, 6, 6, 5, [5]) with { CombinedExit = true };
        Write("b801000000c3", plan, s_both with { ExitTrampoline = null }, out List<Instruction> code);
        Assert.Equal(["mov dword ptr [rsp-10],7", $"call {EntryTrampoline:X}", "mov eax,1", "ret"], Text(code));
    }

    [Fact]
    public void A_tail_jump_records_and_jumps_where_it_did()
    {
        // jmp +0x100
        SitePlan plan = Plan(SiteKind.TailJump, 5, 5, 0, []) with { TailTarget = new(0x105) };
        Write("e900010000", plan, s_exit, out List<Instruction> code);
        Assert.Equal(["mov dword ptr [rsp-10],8", $"call {ExitTrampoline:X}", $"jmp {SiteAddress + 0x105:X}"], Text(code));
    }

    [Theory]
    [InlineData("0f8500010000", "jne", 6)] // jne +0x100
    [InlineData("0f8c00010000", "jl", 6)]
    public void A_conditional_tail_jump_records_when_it_is_taken(string hex, string condition, int length)
    {
        SitePlan plan = Plan(SiteKind.ConditionalTailJump, length, length, 0, []) with { TailTarget = new(0x106) };
        Write(hex, plan, s_exit, out List<Instruction> code);
        Assert.Equal(
            [$"{condition} {code[2].IP:X}", $"jmp {SiteAddress + 6:X}", "mov dword ptr [rsp-10],8", $"call {ExitTrampoline:X}", $"jmp {SiteAddress + 0x106:X}"],
            Text(code));
    }

    [Fact]
    public void A_full_arena_refuses_and_writes_nothing()
    {
        var writer = new StubWriter(new byte[StubWriter.MaxStubSize - 1], new(Arena), s_counting);
        SitePlan plan = Plan(SiteKind.Return, 5, 1, 0, []);
        Assert.False(writer.TryWrite(plan, [0xc3, 0x90, 0x90, 0x90, 0x90], new(SiteAddress), s_both, out _, out RefusalReason reason));
        Assert.Equal(RefusalReason.ArenaFull, reason);
        Assert.Equal(0, writer.Length);
    }

    static SitePlan Plan(SiteKind kind, int length, int code, int transfer, int[] starts) => new(
        default, length, kind, SiteClass.SeveralInstructions, starts.Aggregate(default(OffsetSet), (s, o) => s.With(o)), transfer, code, null, false, false);

    static Stub Write(string hex, SitePlan plan, StubEvents events, out List<Instruction> code, CountingStub? counting = null)
    {
        var buffer = new byte[1024];
        var writer = new StubWriter(buffer, new(Arena + 0x1000), counting ?? s_counting);
        Assert.True(writer.TryWrite(plan, Convert.FromHexString(hex), new(SiteAddress), events, out Stub? stub, out RefusalReason reason), $"{reason}");
        Decoder decoder = Decoder.Create(64, buffer[..writer.Length], Arena + 0x1000);
        code = [];
        while (decoder.IP < Arena + 0x1000 + (ulong)writer.Length) code.Add(decoder.Decode());
        return stub!;
    }

    static IEnumerable<string> Text(IEnumerable<Instruction> code)
    {
        var formatter = new MasmFormatter(new FormatterOptions { AddLeadingZeroToHexNumbers = false, HexSuffix = "", UppercaseHex = true, MemorySizeOptions = MemorySizeOptions.Always, ShowBranchSize = false, BranchLeadingZeros = false });
        return code.Select(instruction =>
        {
            var output = new StringOutput();
            formatter.Format(instruction, output);
            return output.ToStringAndReset();
        });
    }
}
