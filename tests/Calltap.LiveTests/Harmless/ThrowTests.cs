using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Harmless;

/// <summary>C++ exceptions through many traced frames.</summary>
[Collection(EngineTests.Name)]
public sealed class ThrowTests(ITestOutputHelper output) : HarmlessTests(output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Exceptions_unwind_as_without_a_tracer(bool launched) => AssertHarmless(launched, Scene.Throw, name => name is not "way_throw_round" and not "way_throw_catch");

    /// <summary>The control: a tree that differs in one end, or in the depth of one call, is not taken for the program's.</summary>
    [Fact]
    public void A_tree_that_differs_in_one_call_is_told()
    {
        using HarmProgram program = HarmProgram.Start(launched: false);
        (RecordedCalls calls, Trail trail) = Record(program, Scene.Throw);
        AssertSame(trail.Difference(calls));
        Assert.True(trail.Left > 1000, "hardly a call was left by an exception");
        trail.AddReturn();
        Assert.Contains("returned", trail.Difference(calls));
        trail.Deepen();
        Assert.Contains("depth", trail.Difference(calls));
        program.AssertRight();
    }
}
