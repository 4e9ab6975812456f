using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Harmless;

/// <summary>Coroutines: swapcontext, and a switch written by hand; each is left for good where it has yielded.</summary>
[Collection(EngineTests.Name)]
public sealed class SwitchedStackTests(ITestOutputHelper output) : HarmlessTests(output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Coroutines_go_on_where_they_were(bool launched) =>
        AssertHarmless(launched, Scene.Switch, name => name.StartsWith("way_switch_body", StringComparison.Ordinal) || name.StartsWith("way_switch_yield", StringComparison.Ordinal));
}
