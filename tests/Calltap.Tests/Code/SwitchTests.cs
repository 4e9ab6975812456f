using System.Buffers.Binary;
using Calltap.Code;
using Xunit;

namespace Calltap.Tests.Code;

/// <summary>Indirect jumps: switches, tail calls and what is neither. Tables are at 0x3000; numbers are offsets into the function at 0x1000.</summary>
public sealed class SwitchTests
{
    private const ulong Table = 0x3000;

    // cmp edi,3; ja 2c; mov edi,edi; lea rdx,[rip+table]; movsxd rax,[rdx+rdi*4]; add rax,rdx; notrack jmp rax;
    // 18: mov eax,1; ret; 4 nops; 22: mov eax,2; ret; 4 nops; 2c: xor eax,eax; pop rcx; push rcx; ret
    private const string Pic = "83ff03772789ff488d15f21f0000486304ba4801d03effe0b801000000c390909090b802000000c39090909031c05951c3";

    // cmp edi,3; ja 22; mov edi,edi; jmp [rdi*8+table]; e: mov eax,1; ret; 4 nops; 18: mov eax,2; ret; 4 nops; 22: mov eax,3; ret
    private const string Absolute = "83ff03771d89ffff24fd00300000b801000000c390909090b802000000c390909090b803000000c3";

    // movsxd rdi,edi; lea rdx,[rip+table]; movsxd rax,[rdx+rdi*4]; add rax,rdx; jmp rax; 13: mov eax,1; ret; 4 nops; 1d: mov eax,2; ret
    private const string Unbounded = "4863ff488d15f61f0000486304ba4801d0ffe0b801000000c390909090b802000000c3";

    // push rbx; mov ebx,edi; cmp edi,3; ja 21; (switch); 18: mov rax,[rsi]; pop rbx; jmp [rax+24]; 2 nops; 21: mov eax,ebx; pop rbx; ret
    private const string TailBehindSwitch = "5389fb83ff037719488d15f11f0000486304ba4801d0ffe0488b065bff6018909089d85bc3";

    // As gcc -O0 -fomit-frame-pointer has it: cmp edi,3; ja; mov edx,edi; shl rdx,2; lea rax,[rip+table]; mov eax,[rdx+rax]; cdqe;
    // lea rdx,[rip+table]; add rax,rdx; jmp rax; 23: mov eax,1; ret; 4 nops; 2d: mov eax,2; ret; 4 nops; 37: xor eax,eax; ret
    private const string Unoptimised = "83ff03773289fa48c1e202488d05ee1f00008b04024898488d15e21f00004801d0ffe0b801000000c390909090b802000000c39090909031c0c3";

    [Fact]
    public void A_relative_table_with_a_multiplied_index_is_a_switch_and_not_an_exit()
    {
        FunctionPlan plan = Plan(Unoptimised, Relative(0x23, 0x2d, 0x23, 0x37));
        Assert.False(plan.HasUnknownExits);
        Assert.Equal(3, plan.ExitCount);
        Assert.DoesNotContain(plan.Exits, e => e.Kind == SiteKind.TailJump);
    }

    [Fact]
    public void A_relative_table_that_no_known_switch_uses_may_serve_an_unknown_jump()
    {
        // The table's address is formed but the jump's register has been loaded from elsewhere: mov rax,[rsi] for the add.
        string opaque = Unoptimised.Replace("4801d0ffe0", "488b06ffe0", StringComparison.Ordinal);
        FunctionPlan plan = Plan(opaque, Relative(0x23, 0x2d, 0x23, 0x37));
        Assert.True(plan.HasUnknownExits);
        Assert.DoesNotContain(plan.Exits, e => e.Kind == SiteKind.TailJump);
    }

    [Theory]
    [InlineData(StartEvidence.Unproven)]
    [InlineData(StartEvidence.Part)]
    public void An_entry_that_leads_into_a_part_does_not_end_a_table_of_unknown_length(StartEvidence evidence)
    {
        // The default of the switch is in a part elsewhere; the entry behind it leads into what else would be the last return's region.
        const int part = 0x30;
        Module module = new Module(Unbounded.PadRight(2 * part, '9') + "0f0b").Function(0, Unbounded.Length / 2).Start(part, 2, evidence);
        IReadOnlyList<FunctionPlan> plans = module.Data(Table, Relative(0x13, part, 0x22)).Analyze();
        Assert.Equal(RefusalReason.PartOfAnother, plans[1].EntryRefusal);
        Assert.Contains(new RefusedExit(Module.At(0x22), RefusalReason.BranchTargetInside), plans[0].RefusedExits);
    }

    [Fact]
    public void A_relative_table_is_a_switch_and_not_an_exit()
    {
        FunctionPlan plan = Plan(Pic, Relative(0x18, 0x22, 0x18, 0x2c));
        Assert.Equal("SeveralInstructions+0 5/5 {3} dead; Return/ReturnWithPadding+1d 1/5; Return/ReturnWithPadding+27 1/5; Return/ExitWithInstructionsBefore+2c 5/5 {2,3,4} transfer=4",
            Module.Describe(plan));
    }

    [Fact]
    public void A_table_of_addresses_is_a_switch()
    {
        FunctionPlan plan = Plan(Absolute, Addresses(0xe, 0x18, 0xe, 0x22));
        Assert.False(plan.HasUnknownExits);
        Assert.Equal(3, plan.ExitCount);
    }

    [Fact]
    public void A_case_label_inside_a_region_refuses_it()
    {
        // The last case is the pop behind the xor at 2c.
        FunctionPlan plan = Plan(Pic, Relative(0x18, 0x22, 0x18, 0x2e));
        Assert.Contains(new(Module.At(0x30), RefusalReason.BranchTargetInside), plan.RefusedExits);
    }

    [Fact]
    public void Entries_behind_one_that_leads_elsewhere_count_when_the_bound_is_known()
    {
        FunctionPlan plan = Plan(Pic, Relative(0x18, 0x22, 0x9000, 0x2e));
        Assert.Contains(new(Module.At(0x30), RefusalReason.BranchTargetInside), plan.RefusedExits);
    }

    [Fact]
    public void Without_a_bound_the_table_ends_where_an_entry_leads_elsewhere()
    {
        // 22 is the last ret: as a case label it has no room for a jump, otherwise the mov before it makes some.
        Assert.Equal([new(Module.At(0x22), RefusalReason.BranchTargetInside)], Plan(Unbounded, Relative(0x13, 0x1d, 0x22)).RefusedExits);
        Assert.Empty(Plan(Unbounded, Relative(0x13, 0x1d, 0x9000, 0x22)).RefusedExits);
    }

    [Fact]
    public void An_unreadable_table_refuses_what_has_several_instructions()
    {
        FunctionPlan plan = Plan(Pic, []);
        Assert.Equal(RefusalReason.IndirectJumpNotUnderstood, plan.EntryRefusal);
        Assert.True(plan.HasUnknownExits);
        Assert.Contains(new(Module.At(0x30), RefusalReason.IndirectJumpNotUnderstood), plan.RefusedExits);
    }

    [Fact]
    public void A_switch_to_the_entry_is_a_loop()
    {
        Assert.Equal(RefusalReason.LoopEntry, Plan(Pic, Relative(0x18, 0, 0x22, 0x2c)).EntryRefusal);
    }

    [Fact]
    public void A_virtual_tail_call_behind_a_switch_is_an_exit()
    {
        FunctionPlan plan = Plan(TailBehindSwitch, Relative(0x18, 0x21, 0x18, 0x18));
        Assert.False(plan.HasUnknownExits);
        Assert.Contains(plan.Exits, e => e.Kind == SiteKind.TailJump && e.Address + e.TransferOffset == Module.At(0x1c));
    }

    [Fact]
    public void A_table_of_functions_is_a_tail_call()
    {
        // mov rax,[rdi*8+table]; jmp rax; mov eax,1; ret
        var module = new Module("488b04fd00300000ffe0b801000000c3" + "c3909090909090909090909090909090");
        IReadOnlyList<FunctionPlan> plans = module.Function(0, 16).Function(16, 1).Data(Table, Addresses(16, 16)).Analyze();
        Assert.False(plans[0].HasUnknownExits);
        Assert.Equal(2, plans[0].ExitCount);
    }

    [Fact]
    public void A_label_whose_address_is_taken_makes_a_jump_uncertain()
    {
        // lea rcx,[rip+label]; mov [rsi],rcx; mov rax,[rdi]; jmp rax; 2 nops; label: mov eax,1; ret
        FunctionPlan plan = Plan("488d0d0a00000048890e488b07ffe09090b801000000c3", []);
        Assert.True(plan.HasUnknownExits);
        Assert.Equal(SiteClass.SingleInstruction, plan.Entry!.Class);
    }

    [Fact]
    public void A_huge_table_is_given_up()
    {
        var table = new byte[1 << 20];
        for (int i = 0; i < table.Length; i += 4)
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(i), (int)(Module.Base + 0x13) - (int)Table);
        Assert.True(Plan(Unbounded, table).HasUnknownExits);
    }

    private static FunctionPlan Plan(string hex, byte[] table) =>
        Assert.Single(new Module(hex).Function(0, hex.Length / 2).Data(Table, table).Analyze());

    private static byte[] Relative(params int[] offsets)
    {
        var table = new byte[offsets.Length * 4];
        for (int i = 0; i < offsets.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(i * 4), (int)Module.Base + offsets[i] - (int)Table);
        return table;
    }

    private static byte[] Addresses(params int[] offsets)
    {
        var table = new byte[offsets.Length * 8];
        for (int i = 0; i < offsets.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(i * 8), Module.Base + (ulong)offsets[i]);
        return table;
    }
}
