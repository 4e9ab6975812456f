using Xunit;

namespace Calltap.Tests.Model;

/// <summary>The whole protocol has no fault in any state; each rule left out has one, and the shortest way to it is printed.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    static readonly Setup s_small = new() { Threads = 1 };

    static readonly Dictionary<string, Setup> s_whole = new()
    {
        ["two threads, a region of several instructions"] = new Setup { Signals = true },
        ["two threads, a region of one instruction"] = new Setup { SeveralInstructions = [false] },
        ["one thread, two sites"] = new Setup { Threads = 1, SeveralInstructions = [true, false], Signals = true },
        ["SIGTRAP sent"] = new Setup { Signals = true, SentTraps = true },
        ["a thread that blocks SIGTRAP"] = new Setup { LastBlocksTraps = true },
        ["signal handlers that block SIGTRAP"] = new Setup { Signals = true, HandlersBlockTraps = true },
        ["forks"] = new Setup { Threads = 1, Signals = true, Forks = true },
        ["traps answered in the target"] = new Setup { Signals = true, AnswersInTarget = true },
    };

    static readonly Dictionary<Rules, Setup> s_broken = new()
    {
        [Rules.SyncAfterBreakpoints] = s_small,
        [Rules.SyncAfterTails] = s_small,
        [Rules.SyncAfterHeads] = s_small,
        [Rules.SyncAfterRollback] = s_small,
        [Rules.BreakpointsBeforeTails] = s_small,
        [Rules.TailsBeforeHeads] = s_small,
        [Rules.RegionsCleared] = s_small,
        [Rules.StackScan] = s_small with { Signals = true },
        [Rules.SitesRemembered] = s_small,
        [Rules.LateTraps] = s_small,
        [Rules.ForeignTrapsFirst] = s_small with { SentTraps = true },
        [Rules.QueuedTrapLook] = s_small,
        [Rules.PcBehindSite] = s_small,
        [Rules.Drain] = s_small,
        [Rules.Enter] = s_small with { Forks = true },
        [Rules.ForksAwaited] = s_small with { Forks = true },
        [Rules.Handler] = s_small,
        [Rules.HeadsOnlyFirst] = s_small,
        [Rules.TailsStateFirst] = s_small,
        [Rules.HelperGoesOn] = s_small,
        [Rules.HelperSync] = s_small,
        [Rules.Mark] = s_small,
        [Rules.ActionAsked] = s_small with { Signals = true, HandlersBlockTraps = true },
        [Rules.HandlerSeen] = s_small with { AnswersInTarget = true },
    };

    public static TheoryData<string> Whole => [.. s_whole.Keys];

    public static TheoryData<Rules> Broken => [.. s_broken.Keys];

    [Theory]
    [MemberData(nameof(Whole))]
    public void No_state_of_the_whole_protocol_is_a_fault(string setup)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        SearchResult result = Search.Through(s_whole[setup]);
        output.WriteLine($"{setup} {clock.ElapsedMilliseconds}: {result}");
        Assert.Empty(result.Counterexample);
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_rule_left_out_has_a_counterexample(Rules rule)
    {
        SearchResult result = Search.Through(s_broken[rule] with { LeftOut = rule });
        output.WriteLine($"without {rule}: {result.Counterexample.Count} steps, {result.States:N0} states\n{result}");
        Assert.NotEmpty(result.Counterexample);
    }

    [Fact]
    public void Every_rule_is_left_out_once() =>
        Assert.Equal(Enum.GetValues<Rules>().Where(rule => rule != Rules.None).Order(), s_broken.Keys.Order());
}
