namespace Calltap.LiveTests.Target;

/// <summary>How long the tests run: the long form with CALLTAP_LONG=1.</summary>
internal static class LiveTest
{
    /// <summary>The short or the long number of repetitions.</summary>
    internal static int Repeat(int normally, int whenLong) =>
        Environment.GetEnvironmentVariable("CALLTAP_LONG") == "1" ? whenLong : normally;
}
