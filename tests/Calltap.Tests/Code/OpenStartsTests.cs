using Calltap.Code;
using Xunit;

namespace Calltap.Tests.Code;

/// <summary>Starts without a symbol: functions, or parts of others, by the jumps that lead there. The start is at 0x20.</summary>
public sealed class OpenStartsTests
{
    private const int At = 0x20;

    // test edi,edi; je 20; mov eax,1; ret
    private const string Branches = "85ff 0f8418000000 b801000000 c3";

    // mov eax,1; jmp 20
    private const string Jumps = "b801000000 e916000000";

    // mov [rsp-8],edi; jmp 20
    private const string JumpsWithRedZone = "897c24f8 e917000000";

    // mov rax,rsp; mov [rax-8],edi; jmp 20
    private const string JumpsWithCopy = "4889e0 8978f8 e915000000";

    // call 20; ret
    private const string Calls = "e81b000000 c3";

    // mov eax,2; ret
    private const string Returns = "b802000000 c3";

    // mov eax,[rsp-8]; ret
    private const string ReadsBelow = "8b4424f8 c3";

    // mov eax,2; jmp 5 (where the other function jumps)
    private const string JumpsBack = "b802000000 e9dbffffff";

    [Fact]
    public void What_a_conditional_jump_leads_to_is_a_part_and_its_exits_are_the_functions()
    {
        IReadOnlyList<FunctionPlan> plans = Analyze(Branches, Returns);
        Assert.Equal(RefusalReason.PartOfAnother, plans[1].EntryRefusal);
        Assert.Empty(plans[1].Exits);
        Assert.Equal([SiteKind.Return, SiteKind.Return], plans[0].Exits.Select(exit => exit.Kind));
        Assert.True(plans[0].AllExitsPatchable);
    }

    [Fact]
    public void What_only_jumps_lead_to_is_a_function_and_the_jumps_are_tail_calls()
    {
        IReadOnlyList<FunctionPlan> plans = Analyze(Jumps, Returns);
        Assert.NotNull(plans[1].Entry);
        Assert.Equal(SiteKind.TailJump, Assert.Single(plans[0].Exits).Kind);
    }

    [Theory]
    [InlineData(JumpsWithRedZone)]
    [InlineData(JumpsWithCopy)]
    public void It_is_not_proven_where_values_may_lie_below_the_stack_pointer(string jumper) =>
        Assert.Equal(RefusalReason.NotProvenEntry, Analyze(jumper, ReadsBelow)[1].EntryRefusal);

    [Fact]
    public void What_nothing_leads_to_is_not_proven() =>
        Assert.Equal(RefusalReason.NotProvenEntry, Analyze(Returns, ReadsBelow)[1].EntryRefusal);

    [Theory]
    [InlineData(JumpsWithRedZone)]
    [InlineData(Returns)]
    public void What_reads_nothing_below_the_stack_pointer_can_be_armed_whatever_leads_there(string function) =>
        Assert.NotNull(Analyze(function, Returns)[1].Entry);

    [Fact]
    public void What_is_called_is_a_function_whatever_else_leads_there()
    {
        IReadOnlyList<FunctionPlan> plans = Analyze(Branches + Calls.Replace("1b", "0d", StringComparison.Ordinal), Returns);
        Assert.NotNull(plans[1].Entry);
    }

    [Fact]
    public void What_jumps_back_behind_the_start_of_the_function_that_leads_there_is_a_part() =>
        Assert.Equal(RefusalReason.PartOfAnother, Analyze(Jumps, JumpsBack)[1].EntryRefusal);

    [Fact]
    public void A_part_that_a_symbol_shows_is_joined_however_it_is_reached()
    {
        IReadOnlyList<FunctionPlan> plans = Analyze(Jumps, Returns, StartEvidence.Part);
        Assert.Equal(RefusalReason.PartOfAnother, plans[1].EntryRefusal);
        Assert.Equal(SiteKind.Return, Assert.Single(plans[0].Exits).Kind);
    }

    [Fact]
    public void A_part_of_several_functions_makes_their_exits_unknown()
    {
        var module = new Module(Branches + "9090" + Branches.Replace("18", "08", StringComparison.Ordinal) + "9090" + Returns);
        IReadOnlyList<FunctionPlan> plans = module.Function(0, 14).Function(0x10, 14).Start(At, 6).Analyze();
        Assert.Equal(RefusalReason.PartOfAnother, plans[2].EntryRefusal);
        Assert.All(plans.Take(2), plan => Assert.Equal((1, true), (plan.ExitCount, plan.HasUnknownExits)));
    }

    private static IReadOnlyList<FunctionPlan> Analyze(string function, string start, StartEvidence evidence = StartEvidence.Unproven)
    {
        string code = function.Replace(" ", "", StringComparison.Ordinal);
        return new Module(code.PadRight(2 * At, '9') + start).Function(0, code.Length / 2).Start(At, start.Replace(" ", "", StringComparison.Ordinal).Length / 2, evidence).Analyze();
    }
}
