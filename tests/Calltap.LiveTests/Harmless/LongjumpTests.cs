using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Harmless;

/// <summary>longjmp over many traced frames, setjmp in a loop, siglongjmp out of handlers.</summary>
[Collection(EngineTests.Name)]
public sealed class LongjumpTests(ITestOutputHelper output) : HarmlessTests(output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Long_jumps_lead_where_they_should(bool launched) =>
        AssertHarmless(launched, Scene.Leap, name => name is "way_leap_down" or "way_leap_handler");
}
