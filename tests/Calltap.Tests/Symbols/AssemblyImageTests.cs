using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Hand-written code, whose symbols and unwind data contradict each other.</summary>
public sealed class AssemblyImageTests : IDisposable
{
    private readonly Sample _sample = new();
    private readonly ModuleSymbols _module;

    public AssemblyImageTests() => _module = Sample.Read(_sample.Compile(SampleSources.Assembly, "s"));

    public void Dispose() => _sample.Dispose();

    [Fact]
    public void An_entry_inside_another_function_is_kept_out_but_known_as_a_label()
    {
        Assert.Equal(4, Function("outer").Size.Value);
        var inner = Assert.Single(_module.Excluded, e => e.Name == "inner");
        Assert.Equal(ExclusionReasons.InsideAnother, inner.Reason);
        Assert.Contains(inner.Address, _module.OtherCodeLabels);
        Assert.Contains(inner.Address + 1, _module.OtherCodeLabels);
    }

    [Fact]
    public void A_missing_size_comes_from_unwind_data_or_is_an_estimate()
    {
        Assert.Equal((3, false), (Function("sized_by_fde").Size.Value, Function("sized_by_fde").SizeIsEstimate));
        Assert.Equal((2, true), (Function("unsized").Size.Value, Function("unsized").SizeIsEstimate));
    }

    [Fact]
    public void Unwind_data_start_a_function_named_by_its_label()
    {
        var function = Function("only_fde");
        Assert.Equal((2, FunctionSource.EhFrame), (function.Size.Value, function.Source));
    }

    [Fact]
    public void Code_that_starts_with_a_frame_is_part_of_something_else()
    {
        var start = Function("only_fde").Range.End;
        Assert.Equal(ExclusionReasons.FrameAtStart, Assert.Single(_module.Excluded, e => e.Address == start).Reason);
        Assert.Contains(new ImageRange(start, new(2)), _module.UnownedFragments);
    }

    [Fact]
    public void A_size_that_is_too_large_does_not_swallow_the_next_function()
    {
        Assert.Equal(1, Function("too_large").Size.Value);
        Assert.Equal(1, Function("after_large").Size.Value);
    }

    [Fact]
    public void Restartable_sequences_and_their_signatures_are_listed()
    {
        var main = Function("main").Address;
        Assert.Equal([new ImageRange(main, new(2)), new ImageRange(main + 3, new(4))], _module.RseqRanges);
    }

    [Fact]
    public void The_entry_point_is_kept_out() =>
        Assert.Equal(_module.EntryPoint, Assert.Single(_module.Excluded, e => e.Reason == ExclusionReasons.EntryPoint).Address);

    private ImageFunction Function(string name) => Assert.Single(_module.Functions, f => f.Name == name);
}
