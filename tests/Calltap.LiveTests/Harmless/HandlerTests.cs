using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Harmless;

/// <summary>Signal handlers that enter traced functions: on a stack of their own, nested, with everything blocked or nothing, at any instruction.</summary>
[Collection(EngineTests.Name)]
public sealed class HandlerTests(ITestOutputHelper output) : HarmlessTests(output)
{
    const int Few = 10, MostRecordings = 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Handlers_come_and_return_as_without_a_tracer(bool launched) => AssertHarmless(launched, Scene.Signal, _ => false);

    /// <summary>They come between a call and what the program logs of it: only the numbers can be compared.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Handlers_may_interrupt_any_instruction(bool launched)
    {
        using HarmProgram program = HarmProgram.Start(launched);
        long handlers = 0;
        for (int recordings = 0; handlers <= Few && recordings < MostRecordings; recordings++) // a short scene on a busy machine may see hardly any
        {
            (RecordedCalls calls, Trail trail) = Record(program, Scene.Timer);
            AssertSame(trail.DifferenceOfTotals(calls));
            Assert.Equal(0, trail.Left);
            handlers += calls.EntriesOf(calls.Catalog.Functions.Keys.Single(id => calls.Catalog.NameOf(id) == "way_timer_handler"));
        }
        Assert.True(handlers > Few, $"hardly a handler came: {handlers}");
        if (launched) program.AssertRight();
        else Storm(program, Scene.Timer);
    }
}
