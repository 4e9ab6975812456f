namespace Calltap.LiveTests.Programs;

/// <summary>Where test programs are kept between runs: beside the build output, so that a clean checkout builds them anew.</summary>
static class BuildCache
{
    /// <summary>The folder, <c>$CALLTAP_TEST_CACHE</c> or <c>programs</c> beside the test assembly.</summary>
    public static string Directory { get; } =
        Environment.GetEnvironmentVariable("CALLTAP_TEST_CACHE") is { Length: > 0 } wanted
            ? wanted
            : Path.Combine(AppContext.BaseDirectory, "programs");
}
