using Calltap.Code;
using Xunit;

namespace Calltap.Tests.Code;

/// <summary>Computed gotos whose label is formed in other blocks than the one that jumps. Numbers are offsets into the function at 0x1000.</summary>
public sealed class LabelFlowTests
{
    // cmp edi,3; ja 13; lea rax,[24]; cmp esi,7; ja 1d; 11: jmp rax; 13: lea rax,[2e]; jmp 1d; nop; 1d: mov edx,1; 22: jmp rax;
    // 24: mov eax,1; ret; 4 nops; 2e: mov eax,2; 33: ret
    private const string Joined = "83ff03770e488d051800000083fe07770cffe0488d0514000000eb0190ba01000000ffe0b801000000c390909090b802000000c3";

    private const string FormsSecond = "488d0514000000"; // lea rax,[2e]

    [Fact]
    public void Labels_that_blocks_before_have_formed_are_followed()
    {
        FunctionPlan plan = Plan(Joined);
        Assert.False(plan.HasUnknownExits);
        Assert.Equal(SiteClass.SeveralInstructions, plan.Entry!.Class);
        Assert.Equal(2, plan.ExitCount);
        Assert.DoesNotContain(plan.Exits, e => e.Kind == SiteKind.TailJump);
    }

    [Theory]
    [InlineData("488b0590909090", "it comes from memory")] // mov rax,[rip+x]
    [InlineData("488d0580909090", "it is another function's")] // lea rax,[far away]
    [InlineData("e800000000" + "9090", "a call may change it")] // call; nop; nop
    [InlineData("31c0" + "9090909090", "it is a number")] // xor eax,eax
    [InlineData("90909090909090", "it is what the caller left")]
    public void One_way_that_gives_something_else_is_enough_for_doubt(string instead, string why)
    {
        FunctionPlan plan = Plan(Joined.Replace(FormsSecond, instead, StringComparison.Ordinal));
        Assert.True(plan.HasUnknownExits, why);
        Assert.Equal(RefusalReason.IndirectJumpNotUnderstood, plan.EntryRefusal);
    }

    [Fact]
    public void A_move_between_registers_is_followed()
    {
        // lea rcx,[2e] in place of lea rax, and mov rax,rcx; nops in place of mov edx,1: the other way leaves rcx open.
        string moved = Joined.Replace("ba01000000", "4889c89090", StringComparison.Ordinal);
        Assert.True(Plan(moved.Replace(FormsSecond, "488d0d14000000", StringComparison.Ordinal)).HasUnknownExits);
        string both = moved.Replace(FormsSecond, "488d0d14000000", StringComparison.Ordinal).Replace("488d051800000083fe07770cffe0", "488d0d1800000083fe07770c0f0b", StringComparison.Ordinal);
        Assert.False(Plan(both).HasUnknownExits);
    }

    [Fact]
    public void What_another_function_jumps_into_may_hold_anything()
    {
        var module = new Module(Joined + "90909090" + "e9e0ffffff"); // 38: jmp 1d
        IReadOnlyList<FunctionPlan> plans = module.Function(0, Joined.Length / 2).Function(0x38, 5).Analyze();
        Assert.True(plans[0].HasUnknownExits);
    }

    [Fact]
    public void So_may_a_landing_pad()
    {
        Module module = new Module(Joined).Function(0, Joined.Length / 2);
        module.Targets.Add(Module.At(0x1d));
        Assert.True(Assert.Single(module.Analyze()).HasUnknownExits);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("independent", false)]
    public void A_number_that_could_be_a_label_is_one_only_where_code_holds_addresses(string options, bool uncertain)
    {
        // mov edx,1009; mov rax,[rdi]; 8: jmp rax; a: ret
        Module module = new Module("ba09100000488b07ffe0c3") { Options = options }.Function(0, 11);
        Assert.Equal(uncertain, Assert.Single(module.Analyze()).HasUnknownExits);
    }

    private static FunctionPlan Plan(string hex) => Assert.Single(new Module(hex).Function(0, hex.Length / 2).Analyze());
}
