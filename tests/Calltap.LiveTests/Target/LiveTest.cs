namespace Calltap.LiveTests.Target;

/// <summary>How long the tests run: the long form with CALLTAP_LONG=1.</summary>
internal static class LiveTest
{
    /// <summary>The short or the long number of repetitions.</summary>
    internal static int Repeat(int normally, int whenLong) =>
        Environment.GetEnvironmentVariable("CALLTAP_LONG") == "1" ? whenLong : normally;

    /// <summary>A test of a promise that is not kept yet (docs/limits.md): it runs, and fails, with CALLTAP_LONG=1.</summary>
    internal static void NotYet(string what) =>
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CALLTAP_LONG") == "1", $"not kept yet: {what}");
}
