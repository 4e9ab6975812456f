using Calltap.LiveTests.Target;
using Calltap.Patching;

namespace Calltap.Litmus;

/// <summary>
/// Each rule of the protocol is left out on purpose: the fault that it prevents must be seen, and must not be seen in a run of the
/// whole protocol under the same threads over at least four times as many windows. Inconclusive is not a pass.
/// </summary>
[Collection(LitmusTests.Name)]
public sealed class BrokenRuleTests(ITestOutputHelper output)
{
    /// <summary>
    /// With the drain no trap outlives its window, and the answer for a site of the batch is right for a late trap too: two rules are
    /// a second line, seen only where the first is left out. What comes between two windows the trap handler answers.
    /// </summary>
    const BrokenRules UndrainedButAnswered = BrokenRules.NoDrain | BrokenRules.HandlerStays;

    /// <summary>Windows within which a fault must be seen.</summary>
    const int Patience = 200;

    static readonly int s_held = LiveTest.Repeat(20, 500);
    static readonly int s_heldKept = LiveTest.Repeat(8, 100);

    [Fact]
    public void Tails_before_breakpoints_are_caught() => AssertCaught(LitmusCase.Single, BrokenRules.TailsBeforeBreakpoints);

    [Fact]
    public void Heads_before_tails_are_caught() => AssertCaught(LitmusCase.Single, BrokenRules.HeadsBeforeTails);

    [Fact]
    public void Regions_that_are_not_cleared_are_caught() => AssertCaught(LitmusCase.Inside, BrokenRules.RegionsNotCleared);

    [Fact]
    public void Saved_contexts_that_are_not_looked_for_are_caught() => AssertCaught(LitmusCase.Handled, BrokenRules.NoStackScan);

    [Fact]
    public void A_window_that_is_not_drained_is_caught() => AssertCaught(LitmusCase.Kept, BrokenRules.NoDrain);

    [Fact]
    public void A_site_forgotten_early_is_caught() => AssertCaught(
        LitmusCase.Kept, BrokenRules.SitesForgotten | UndrainedButAnswered, UndrainedButAnswered);

    [Fact]
    public void A_late_trap_taken_for_another_is_caught() => AssertCaught(
        LitmusCase.KeptOn, BrokenRules.NoLateTraps | UndrainedButAnswered, UndrainedButAnswered);

    /// <summary>The second line alone left out: the first one holds.</summary>
    [Fact]
    public void With_the_drain_no_late_trap_is_left_to_be_forgotten()
    {
        SkipUnlessKeeping();
        LitmusResult result = LitmusRun.Run(LitmusCase.Kept, BrokenRules.NoLateTraps | BrokenRules.SitesForgotten, s_heldKept);
        output.WriteLine($"{result}");
        Assert.True(result.Outcome == LitmusOutcome.Held, $"{result}");
    }

    static void SkipUnlessKeeping()
    {
        if (!KeptThread.IsPossible) Assert.Skip("needs two CPUs and the right to a real-time policy, to keep a thread from running");
    }

    void AssertCaught(LitmusCase litmus, BrokenRules broken, BrokenRules control = BrokenRules.None)
    {
        bool keeps = litmus.Keeps > TimeSpan.Zero;
        if (keeps) SkipUnlessKeeping();
        LitmusResult left = LitmusRun.Run(litmus, broken, Patience);
        output.WriteLine($"{broken}: {left}");
        Assert.True(left.Outcome == LitmusOutcome.Caught, $"{broken}: {left}");
        LitmusResult whole = LitmusRun.Run(litmus, control, Math.Max(keeps ? s_heldKept : s_held, 4 * left.Windows));
        output.WriteLine($"{control}: {whole}");
        Assert.True(whole.Outcome == LitmusOutcome.Held, $"{control}: {whole}");
    }
}
