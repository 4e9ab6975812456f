using Calltap.Code;
using Xunit;

namespace Calltap.Tests.Code;

/// <summary>Runs the analyzer over <see cref="SiteCorpus"/>.</summary>
public sealed class SiteCorpusTests
{
    public static TheoryData<string> Cases => [.. SiteCorpus.Lines];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_function_is_planned_as_the_corpus_says(string line)
    {
        string[] fields = line.Split('|', StringSplitOptions.TrimEntries);
        var module = new Module(fields[2]) { Options = fields[1] };
        FunctionPlan plan = Assert.Single(module.Function(0, int.Parse(fields[3])).Analyze());
        Assert.Equal(fields[4], Module.Describe(plan));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Regions_are_disjoint_and_long_enough(string line)
    {
        string[] fields = line.Split('|', StringSplitOptions.TrimEntries);
        FunctionPlan plan = Assert.Single(new Module(fields[2]) { Options = fields[1] }.Function(0, int.Parse(fields[3])).Analyze());
        List<SitePlan> sites = [.. plan.Exits, .. plan.Entry is { } entry ? [entry] : Array.Empty<SitePlan>()];
        sites.Sort((a, b) => a.Address.CompareTo(b.Address));
        Assert.All(sites, s => Assert.InRange(s.Length, 5, 19));
        Assert.All(sites.Zip(sites.Skip(1)), p => Assert.True(p.First.End <= p.Second.Address));
        Assert.Equal(plan.ExitCount, plan.Exits.Count + plan.RefusedExits.Count + (plan.Entry is { CombinedExit: true } ? 1 : 0));
    }
}
