using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Cli;

/// <summary>A program that calls a function a known number of times and ends (targets/once.c).</summary>
static class OnceProgram
{
    /// <summary>As in once.c.</summary>
    public const long LeafCalls = 1000;

    public static string Build() =>
        new GeneratedProgram("once", [SourceFile.FromResource(typeof(OnceProgram), "once.c", "-O2")]).Build(BuildCache.Directory);
}
