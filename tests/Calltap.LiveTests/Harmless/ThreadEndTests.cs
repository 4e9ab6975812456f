using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Harmless;

/// <summary>pthread_exit and cancellation out of many traced frames, with cleanup handlers, destructors, thread_local objects and keys.</summary>
[Collection(EngineTests.Name)]
public sealed class ThreadEndTests(ITestOutputHelper output) : HarmlessTests(output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_end_and_clean_up_as_without_a_tracer(bool launched) =>
        AssertHarmless(launched, Scene.ThreadEnd, name => name is "way_thread_down" or "way_thread_main");

    /// <summary>From another thread, at any instruction: within trampolines too.</summary>
    [Fact]
    public void A_thread_may_be_cancelled_at_any_instruction()
    {
        using HarmProgram program = HarmProgram.Start(launched: false);
        Storm(program, Scene.Cancel);
    }
}
