using Calltap.Code;
using Xunit;

namespace Calltap.Tests.Code;

/// <summary>What a function's neighbours and the caller's knowledge do to it.</summary>
public sealed class ModuleAnalyzerTests
{
    // push rbx; mov ebx,edi; mov eax,edi; pop rbx; ret; 4 nops (12 bytes)
    private const string Plain = "5389fb89f85bc39090909090";

    [Fact]
    public void A_jump_from_another_function_into_the_region_refuses_it()
    {
        // mov eax,1; jmp to offset 1 of the function before
        IReadOnlyList<FunctionPlan> plans = new Module(Plain + "b801000000" + "e9ebffffff").Function(0, 7).Function(12, 10).Analyze();
        Assert.Equal(RefusalReason.None, plans[1].EntryRefusal);
        Assert.Equal(1UL + Module.Base, plans[1].Exits[0].TailTarget!.Value.Value);
        Assert.Equal(RefusalReason.BranchTargetInside, plans[0].EntryRefusal);
    }

    [Fact]
    public void A_jump_from_unclaimed_code_into_the_region_refuses_it()
    {
        IReadOnlyList<FunctionPlan> plans = new Module(Plain + "b801000000" + "e9ebffffff").Function(0, 7).Analyze();
        Assert.Equal(RefusalReason.BranchTargetInside, plans[0].EntryRefusal);
    }

    [Fact]
    public void A_jump_to_the_entry_of_another_function_is_a_tail_call()
    {
        IReadOnlyList<FunctionPlan> plans = new Module(Plain + "b801000000" + "e9eaffffff").Function(0, 7).Function(12, 10).Analyze();
        Assert.NotNull(plans[0].Entry);
        Assert.Equal((SiteKind.TailJump, (ImageAddress?)Module.At(0)), (plans[1].Exits[0].Kind, plans[1].Exits[0].TailTarget));
    }

    [Fact]
    public void Jumps_between_fragments_are_internal_and_exits_of_fragments_are_the_functions()
    {
        // mov eax,1; test edi,edi; jne cold (near); ret; 4 nops | cold: mov eax,2; ret; 4 nops
        const string Code = "b801000000" + "85ff" + "0f8505000000" + "c390909090" + "b802000000c390909090";
        FunctionPlan joined = Assert.Single(new Module(Code).Function(0, 14, (18, 6)).Analyze());
        Assert.Equal("SingleInstruction+0 5/5 dead; Return/ReturnWithPadding+d 1/5; Return/ReturnWithPadding+17 1/5", Module.Describe(joined));
        FunctionPlan alone = new Module(Code).Function(0, 14).Function(18, 6).Analyze()[0];
        Assert.Contains(alone.Exits, e => e.Kind == SiteKind.ConditionalTailJump && e.TailTarget == Module.At(18));
    }

    [Fact]
    public void Other_targets_inside_refuse()
    {
        var module = new Module(Plain);
        module.Targets.Add(Module.At(3));
        Assert.Equal(RefusalReason.BranchTargetInside, module.Function(0, 7).Analyze()[0].EntryRefusal);
    }

    [Fact]
    public void Another_target_at_the_start_of_a_region_is_harmless()
    {
        var module = new Module(Plain);
        module.Targets.Add(Module.At(0));
        module.Targets.Add(Module.At(5));
        Assert.Equal("SeveralInstructions+0 5/5 {1,3}; Return/ReturnWithPadding+6 1/5", Module.Describe(module.Function(0, 7).Analyze()[0]));
    }

    [Theory]
    [InlineData(0, 1, RefusalReason.RefusedRange, 1)]
    [InlineData(4, 1, RefusalReason.RefusedRange, 1)]
    [InlineData(5, 1, RefusalReason.None, 1)]
    [InlineData(10, 2, RefusalReason.None, 0)]
    [InlineData(11, 1, RefusalReason.None, 1)]
    public void Refused_ranges_are_not_touched(int offset, int size, RefusalReason entry, int exits)
    {
        var module = new Module(Plain);
        module.Refused.Add(new(Module.At(offset), new(size)));
        FunctionPlan plan = module.Function(0, 7).Analyze()[0];
        Assert.Equal((entry, exits), (plan.EntryRefusal, plan.Exits.Count));
    }

    [Fact]
    public void A_call_to_the_profiling_function_is_its_own_class_even_under_a_shadow_stack()
    {
        // endbr64; call +0x10000; push rbx; pop rbx; ret; 4 nops
        var module = new Module("f30f1efa" + "e800000100" + "535bc390909090") { Options = "shstk" };
        module.Fentry.Add(Module.At(9 + 0x10000));
        Assert.Equal("FentryCall+4 5/5; Return/ReturnWithPadding+b 1/5", Module.Describe(module.Function(0, 12).Analyze()[0]));
    }

    [Fact]
    public void A_call_to_the_profiling_function_through_the_GOT_is_recognised()
    {
        var module = new Module("ff1500010000" + "535bc390909090");
        module.Fentry.Add(Module.At(6 + 0x100));
        Assert.Equal(SiteClass.FentryCall, module.Function(0, 9).Analyze()[0].Entry!.Class);
    }

    [Fact]
    public void Overlapping_functions_get_disjoint_code()
    {
        IReadOnlyList<FunctionPlan> plans = new Module(Plain).Function(0, 7).Function(0, 7).Function(5, 2).Analyze();
        Assert.True(plans[0].HasUnknownExits);
        Assert.Empty(plans[0].Exits);
        Assert.Equal(RefusalReason.Overlaps, plans[1].EntryRefusal);
        Assert.Equal("SeveralInstructions+5 2/5 {1} exit transfer=1", Module.Describe(plans[2]));
    }

    [Fact]
    public void Functions_without_size_or_bytes_are_refused()
    {
        IReadOnlyList<FunctionPlan> plans = new Module(Plain).Function(0, 0).Function(0x100, 8).Analyze();
        Assert.Equal(RefusalReason.UnknownSize, plans[0].EntryRefusal);
        Assert.Equal(RefusalReason.Unreadable, plans[1].EntryRefusal);
        Assert.All(plans, p => Assert.True(p.HasUnknownExits));
    }

    [Fact]
    public void A_function_that_runs_out_of_its_section_is_cut()
    {
        FunctionPlan plan = new Module("5389fb89f8").Function(0, int.MaxValue).Analyze()[0];
        Assert.True(plan.HasUnknownExits);
        Assert.Equal(5, plan.Entry!.Length);
    }

    [Fact]
    public void Unsorted_functions_are_an_error()
    {
        Assert.Throws<ArgumentException>(() => new Module(Plain).Function(5, 2).Function(0, 5).Analyze());
    }

    [Fact]
    public void Every_reason_has_its_own_words()
    {
        RefusalReason[] reasons = Enum.GetValues<RefusalReason>();
        Assert.Equal(reasons.Length, reasons.Select(r => r.Text()).Distinct().Count());
    }
}
