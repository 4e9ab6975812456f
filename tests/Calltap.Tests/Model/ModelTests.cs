using System.Globalization;
using System.Text.RegularExpressions;
using Calltap.Tests.Docs;
using Xunit;

namespace Calltap.Tests.Model;

/// <summary>The whole protocol has no fault in any state; each rule left out has one, and the shortest way to it is printed.</summary>
public sealed partial class ModelTests(ITestOutputHelper output)
{
    static readonly string s_page = File.ReadAllText(Path.Combine(ReferencedFilesTests.Root, "docs", "model.md"));

    public static TheoryData<string> Whole => [.. ModelSetups.Whole.Keys];

    public static TheoryData<string> Large => [.. ModelSetups.Large.Keys];

    public static TheoryData<Rules> Broken => [.. ModelSetups.Broken.Keys];

    [Theory]
    [MemberData(nameof(Whole))]
    public void No_state_of_the_whole_protocol_is_a_fault(string setup) => AssertSound(setup, ModelSetups.Whole[setup]);

    [Theory]
    [MemberData(nameof(Large))]
    public void No_state_of_a_larger_target_is_a_fault(string setup)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CALLTAP_LONG") == "1", "long form: needs two and a half gigabytes of memory");
        AssertSound(setup, ModelSetups.Large[setup]);
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
        SearchResult result = Search.Through(ModelSetups.Broken[rule] with { LeftOut = rule });
        output.WriteLine($"without {rule}: {result.Counterexample.Count} steps, {result.States:N0} states\n{result}");
        Assert.NotEmpty(result.Counterexample);
        Assert.Matches(string.Create(CultureInfo.InvariantCulture, $@"\| `{rule}` \|[^|]+\|[^|]+\| {result.Counterexample.Count} \|"), s_page);
    }

    [Fact]
    public void Every_rule_is_left_out_once() =>
        Assert.Equal(Enum.GetValues<Rules>().Where(rule => rule != Rules.None).Order(), ModelSetups.Broken.Keys.Append(Rules.HandlerSeen).Order());

    /// <summary>That rule is for memory that is unmapped, which is not modelled.</summary>
    [Fact]
    public void A_window_may_close_over_a_thread_in_the_handler() =>
        Assert.Empty(Search.Through(ModelSetups.One with { Signals = true, AnswersInTarget = true, LeftOut = Rules.HandlerSeen }).Counterexample);

    /// <summary>Nothing helps against it: docs/limits.md says so.</summary>
    [Fact]
    public void A_SIGTRAP_sent_while_a_breakpoint_is_executed_is_a_known_limit()
    {
        SearchResult result = Search.Through(ModelSetups.One with { SeveralInstructions = [false], TrapsCollide = true });
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
            Assert.Equal($"{Search.Through(ModelSetups.Broken[rule] with { LeftOut = rule })}", match.Groups["way"].Value.TrimEnd());
        });
    }

    [GeneratedRegex(@"^### Without `(?<rule>\w+)`.*?^```\n(?<way>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Printed();
}
