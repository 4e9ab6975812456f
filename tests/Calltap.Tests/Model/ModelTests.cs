using System.Globalization;
using System.Text.RegularExpressions;
using Calltap.Tests.Docs;
using Xunit;

namespace Calltap.Tests.Model;

/// <summary>The whole protocol has no fault in any state; each rule left out has one, and the shortest way to it is printed.</summary>
public sealed partial class ModelTests(ITestOutputHelper output)
{
    static readonly Setup s_one = new() { Threads = 1 };

    static readonly Dictionary<string, Setup> s_whole = new()
    {
        ["two threads, a region of several instructions"] = new Setup { Signals = true },
        ["two threads, a region of one instruction"] = new Setup { SeveralInstructions = [false] },
        ["one thread, a region of either kind"] = s_one with { SeveralInstructions = [true, false], Signals = true },
        ["SIGTRAP sent to a thread"] = s_one with { Signals = true, SentTraps = true },
        ["one of two threads blocks SIGTRAP"] = new Setup { LastBlocksTraps = true },
        ["signal handlers block SIGTRAP"] = s_one with { Signals = true, HandlersBlockTraps = true },
        ["a thread forks"] = s_one with { Signals = true, Forks = true },
        ["traps answered in the target"] = s_one with { Signals = true, AnswersInTarget = true },
    };

    static readonly Dictionary<string, Setup> s_large = new()
    {
        ["three threads, a region of several instructions"] = new Setup { Threads = 3, Signals = true },
        ["two threads, a region of either kind"] = new Setup { SeveralInstructions = [true, false], Signals = true },
        ["three threads, a region of either kind, one window"] = new Setup { Threads = 3, SeveralInstructions = [true, false], Cycles = false },
        ["SIGTRAP sent to two threads"] = new Setup { Signals = true, SentTraps = true },
        ["signal handlers block SIGTRAP, two threads"] = new Setup { Signals = true, HandlersBlockTraps = true },
        ["traps of two threads answered in the target"] = new Setup { Signals = true, AnswersInTarget = true },
    };

    static readonly Dictionary<Rules, Setup> s_broken = new()
    {
        [Rules.SyncAfterBreakpoints] = s_one,
        [Rules.SyncAfterTails] = s_one,
        [Rules.SyncAfterHeads] = s_one,
        [Rules.SyncAfterRollback] = s_one,
        [Rules.BreakpointsBeforeTails] = s_one,
        [Rules.TailsBeforeHeads] = s_one,
        [Rules.RegionsCleared] = s_one,
        [Rules.StackScan] = s_one with { Signals = true },
        [Rules.SitesRemembered] = s_one,
        [Rules.LateTraps] = s_one,
        [Rules.ForeignTrapsFirst] = s_one with { SentTraps = true },
        [Rules.QueuedTrapLook] = s_one,
        [Rules.PcBehindSite] = s_one,
        [Rules.Drain] = s_one,
        [Rules.ForksAwaited] = s_one with { Forks = true },
        [Rules.Handler] = s_one,
        [Rules.HeadsOnlyFirst] = s_one,
        [Rules.TailsStateFirst] = s_one,
        [Rules.HelperGoesOn] = s_one,
        [Rules.HelperSync] = s_one,
        [Rules.Mark] = s_one,
        [Rules.ActionAsked] = s_one with { Signals = true, HandlersBlockTraps = true },
        [Rules.Enter] = s_one with { Forks = true },
    };

    static readonly string s_page = File.ReadAllText(Path.Combine(ReferencedFilesTests.Root, "docs", "model.md"));

    public static TheoryData<string> Whole => [.. s_whole.Keys];

    public static TheoryData<string> Large => [.. s_large.Keys];

    public static TheoryData<Rules> Broken => [.. s_broken.Keys];

    [Theory]
    [MemberData(nameof(Whole))]
    public void No_state_of_the_whole_protocol_is_a_fault(string setup) => AssertSound(setup, s_whole[setup]);

    [Theory]
    [MemberData(nameof(Large))]
    public void No_state_of_a_larger_target_is_a_fault(string setup)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CALLTAP_LONG") == "1", "long form: needs a gigabyte of memory");
        AssertSound(setup, s_large[setup]);
    }

    void AssertSound(string name, Setup setup)
    {
        SearchResult result = Search.Through(setup);
        output.WriteLine($"{name}: {result}");
        Assert.Empty(result.Counterexample);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"| {name} | {result.States:N0} |"), s_page);
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_rule_left_out_has_a_counterexample(Rules rule)
    {
        SearchResult result = Search.Through(s_broken[rule] with { LeftOut = rule });
        output.WriteLine($"without {rule}: {result.Counterexample.Count} steps, {result.States:N0} states\n{result}");
        Assert.NotEmpty(result.Counterexample);
        Assert.Matches(string.Create(CultureInfo.InvariantCulture, $@"\| `{rule}` \|[^|]+\|[^|]+\| {result.Counterexample.Count} \|"), s_page);
    }

    [Fact]
    public void Every_rule_is_left_out_once() =>
        Assert.Equal(Enum.GetValues<Rules>().Where(rule => rule != Rules.None).Order(), s_broken.Keys.Append(Rules.HandlerSeen).Order());

    /// <summary>That rule is for memory that is unmapped, which is not modelled.</summary>
    [Fact]
    public void A_window_may_close_over_a_thread_in_the_handler() =>
        Assert.Empty(Search.Through(s_one with { Signals = true, AnswersInTarget = true, LeftOut = Rules.HandlerSeen }).Counterexample);

    /// <summary>Nothing helps against it: docs/limits.md says so.</summary>
    [Fact]
    public void A_SIGTRAP_sent_while_a_breakpoint_is_executed_is_a_known_limit()
    {
        SearchResult result = Search.Through(s_one with { SeveralInstructions = [false], TrapsCollide = true });
        output.WriteLine($"{result}");
        Assert.Contains(result.Counterexample, move => move.Contains("the breakpoint's is dropped", StringComparison.Ordinal));
    }

    /// <summary>The ways printed in the page are those found.</summary>
    [Fact]
    public void The_counterexamples_in_the_page_are_the_ones_found()
    {
        MatchCollection printed = Printed().Matches(s_page);
        Assert.NotEmpty(printed);
        Assert.All(printed, match =>
        {
            Rules rule = Enum.Parse<Rules>(match.Groups["rule"].Value);
            Assert.Equal($"{Search.Through(s_broken[rule] with { LeftOut = rule })}", match.Groups["way"].Value.TrimEnd());
        });
    }

    [GeneratedRegex(@"^### Without `(?<rule>\w+)`.*?^```\n(?<way>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Printed();
}
