using Calltap.Probes;
using Xunit;

namespace Calltap.Tests.Probes;

public sealed class FunctionFilterTests
{
    [Theory]
    [InlineData("", "", "any", true)]
    [InlineData("a*", "", "any", true)]
    [InlineData("a*", "", "other", false)]
    [InlineData("a* o*", "", "other", true)]
    [InlineData("", "any", "any", false)]
    [InlineData("a*", "*y", "any", false)]
    [InlineData("a*", "*y", "ant", true)]
    [InlineData("any@libx", "", "any", false)]
    public void Notrace_wins_and_no_filter_means_all(string filter, string notrace, string name, bool expected)
    {
        FunctionFilter parsed = FunctionFilter.Parse(Words(filter), Words(notrace));
        Assert.Equal(expected, parsed.Wants(new FunctionNames(name, []), "program"));
    }

    [Theory]
    [InlineData("graph:f*", OpKind.Graph, "foo", true)]
    [InlineData("count:f*", OpKind.Count, "bar", false)]
    [InlineData("count", OpKind.Count, "common", true)]
    [InlineData("count:", OpKind.Count, "foo", false)]
    [InlineData("graph:*", OpKind.Graph, "secret", false)]
    public void An_op_has_its_own_filter_or_the_common_one(string text, OpKind kind, string name, bool expected)
    {
        Op op = Op.Parse(text, FunctionFilter.Parse(["common"], ["secret"]));
        Assert.Equal(kind, op.Kind);
        Assert.Equal(expected, op.Filter.Wants(new FunctionNames(name, []), "program"));
    }

    [Theory]
    [InlineData(FunctionWorld.Both, true, true)]
    [InlineData(FunctionWorld.Managed, true, false)]
    [InlineData(FunctionWorld.Native, false, true)]
    public void A_world_leaves_out_the_functions_of_the_other(FunctionWorld world, bool managed, bool native)
    {
        FunctionFilter parsed = FunctionFilter.Parse(["a*"], []) with { World = world };
        foreach (FunctionFilter filter in (FunctionFilter[])[parsed, Op.Parse("count:a*", parsed).Filter])
        {
            Assert.Equal(managed, filter.Wants(new FunctionNames("any", []) { IsManaged = true }, "program.dll"));
            Assert.Equal(native, filter.Wants(new FunctionNames("any", []), "program"));
            Assert.False(filter.Wants(new FunctionNames("other", []) { IsManaged = managed }, "program"));
        }
    }

    [Fact]
    public void An_unknown_action_is_refused() =>
        Assert.Throws<FormatException>(() => Op.Parse("trace:f*", FunctionFilter.All));

    [Fact]
    public void Ops_are_told_apart_by_identity()
    {
        Op one = Op.Parse("count:f", FunctionFilter.All), other = Op.Parse("count:f", FunctionFilter.All);
        Assert.NotEqual(one, other);
    }

    static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
