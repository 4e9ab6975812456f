namespace Calltap.Cli.Demo;

/// <summary>
/// The bundled busy program: 40,000 functions <c>f00000</c> to <c>f39999</c> in call trees of up to four levels, four threads that
/// run and check them all the time. Arguments: control file, seconds to live, threads.
/// </summary>
public static class DemoProgram
{
    /// <summary>How many functions it has, besides a handful of its own (main, the threads' function).</summary>
    public const int FunctionCount = 40_000;

    /// <summary>The glob that selects exactly those.</summary>
    public const string FunctionGlob = "f[0-9]*";

    /// <summary>Untraced work between two calls, in about nanoseconds, that keeps the rate of events moderate.</summary>
    public const ulong DefaultWork = 2000;

    /// <summary>Returns the path of the built program; takes about ten seconds on two cores the first time.</summary>
    /// <param name="cacheDirectory">Where it is kept.</param>
    /// <param name="progress">Told the compiled and the total number of files; called from several threads.</param>
    /// <param name="functions">How many functions it is to have; at least 10, so that there are callers.</param>
    /// <exception cref="CompilerException">No compiler, or it failed.</exception>
    public static string Build(string cacheDirectory, Action<int, int>? progress = null, int functions = FunctionCount)
    {
        var sources = new PlainFunctions(functions, withCallees: true).Generate();
        SourceFile[] own =
        [
            SourceFile.FromResource(typeof(DemoProgram), "control.h"),
            SourceFile.FromResource(typeof(DemoProgram), "demo.c", "-O2"),
        ];
        return new GeneratedProgram("calltap-demo", [.. sources, .. own]).Build(cacheDirectory, progress);
    }

    /// <summary>The program's arguments.</summary>
    /// <param name="control">The control file, made by <see cref="ControlFile.Create"/>.</param>
    /// <param name="seconds">After how many seconds it ends by itself.</param>
    /// <param name="threads">How many threads call functions.</param>
    public static string[] Arguments(ControlFile control, int seconds = 120, int threads = 4)
    {
        ArgumentNullException.ThrowIfNull(control);
        return [control.Path, $"{seconds}", $"{threads}"];
    }
}
