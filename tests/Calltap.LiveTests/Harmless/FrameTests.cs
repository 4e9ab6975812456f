using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Harmless;

/// <summary>What a call carries and keeps: huge frames, variable arguments, large structs, x87, vectors, rounding, the static chain, a vfork child.</summary>
[Collection(EngineTests.Name)]
public sealed class FrameTests(ITestOutputHelper output) : HarmlessTests(output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Calls_keep_all_that_the_ABI_and_its_exceptions_promise(bool launched)
    {
        AssertHarmless(launched, Scene.Frame, _ => false);
    }
}
