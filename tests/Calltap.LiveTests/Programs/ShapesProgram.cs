using Calltap.Cli.Demo;

namespace Calltap.LiveTests.Programs;

/// <summary>
/// A program of 2,000 functions of many shapes, compiled under many options, that counts its own calls exactly per thread and
/// function, and whose results are known (shapes_main.c has the modes).
/// </summary>
public static class ShapesProgram
{
    /// <summary>How many functions count themselves.</summary>
    public const int FunctionCount = 2000;

    /// <summary>The glob that selects exactly those, and the cold parts that the compiler split off (names with a dot).</summary>
    public const string FunctionGlob = "u??_g*";

    /// <summary>The command of the <c>loop</c> mode: runs as many rounds as its first argument says.</summary>
    public const int RunRounds = 1;

    static readonly string[] s_flagsOfC =
    [
        "-O0",
        "-O1",
        "-O2",
        "-O3",
        "-Os",
        "-O2 -fpatchable-function-entry=5",
        "-O0 -fpatchable-function-entry=5 -fcf-protection=full",
        "-O2 -fcf-protection=full",
        "-O2 -fno-omit-frame-pointer -fno-plt -falign-functions=32",
        "-O0 -fomit-frame-pointer",
        "-O3 -fpatchable-function-entry=7,2 -fcf-protection=full",
    ];

    static readonly string[] s_flagsOfCxx =
    [
        "-O0",
        "-O1 -fno-omit-frame-pointer",
        "-O2",
        "-O3 -fomit-frame-pointer",
        "-Os",
        "-O2 -fcf-protection=full",
        "-O2 -fpatchable-function-entry=5",
        "-O3 -fno-plt -fno-omit-frame-pointer -falign-functions=64",
    ];

    static readonly Lazy<(IReadOnlyList<SourceFile> Sources, IReadOnlyList<string> Functions)> s_generated = new(Generate);

    /// <summary>The counting functions' symbols; the index is the function's column in the count matrix.</summary>
    public static IReadOnlyList<string> Functions => s_generated.Value.Functions;

    /// <summary>Returns the path of the built program.</summary>
    /// <param name="cacheDirectory">Where it is kept.</param>
    /// <exception cref="CompilerException">No compiler, or it failed.</exception>
    public static string Build(string cacheDirectory) => Build(cacheDirectory, flags => flags);

    /// <summary>Returns the path of a variant that is compiled with other options, for checks of the program itself.</summary>
    /// <param name="cacheDirectory">Where it is kept.</param>
    /// <param name="flags">Makes a unit's options from its usual ones.</param>
    /// <param name="more">Files added.</param>
    internal static string Build(string cacheDirectory, Func<string, string> flags, params SourceFile[] more)
    {
        var sources = s_generated.Value.Sources.Select(s => s.Name.StartsWith("unit", StringComparison.Ordinal)
            ? s with { Flags = flags(s.Flags) }
            : s);
        return new GeneratedProgram("shapes", [.. sources, .. more]).Build(cacheDirectory);
    }

    /// <summary>Arguments of a run of a fixed number of rounds that writes its counts.</summary>
    /// <param name="threads">How many threads.</param>
    /// <param name="rounds">Rounds of each, besides the sixteen from which it learns.</param>
    /// <param name="output">Where the counts go; <see cref="ShapesRun.Parse"/> reads them.</param>
    public static string[] RunArguments(int threads, int rounds, string output) => ["-", "run", $"{threads}", $"{rounds}", output];

    /// <summary>Arguments of a program that runs phases on command, or that runs until told to stop.</summary>
    /// <param name="control">Made by <see cref="CreateControl"/>.</param>
    /// <param name="storm">Whether it runs all the time.</param>
    /// <param name="threads">How many threads.</param>
    public static string[] LoopArguments(ControlFile control, bool storm = false, int threads = 8)
    {
        ArgumentNullException.ThrowIfNull(control);
        return [control.Path, storm ? "storm" : "loop", $"{threads}"];
    }

    /// <summary>A control file with room for the counts.</summary>
    /// <param name="threads">How many threads the program will have.</param>
    public static ControlFile CreateControl(int threads = 8) => ControlFile.Create(threads: threads, functions: FunctionCount);

    static (IReadOnlyList<SourceFile> Sources, IReadOnlyList<string> Functions) Generate()
    {
        var templates = new ShapesTemplates();
        var common = ShapesTemplates.Read("shapes-common.in");
        (string, string)[] c = [.. common, .. ShapesTemplates.Read("shapes-c.in")];
        (string, string)[] cxx = [.. common, .. ShapesTemplates.Read("shapes-cxx.in")];
        List<SourceFile> units = [];
        foreach (var flags in s_flagsOfC)
            units.Add(templates.Unit(units.Count, cxx: false, $"-w {flags}", c));
        foreach (var flags in s_flagsOfCxx)
            units.Add(templates.Unit(units.Count, cxx: true, $"-w -std=c++17 {flags}", cxx));

        // The rest are leaves, packed without padding between them.
        var leaves = common.Where(s => s.Name is "arith" or "late" or "memory").ToArray();
        var rest = Enumerable.Range(0, FunctionCount - templates.Functions.Count).Select(i => leaves[i % leaves.Length]);
        units.Add(templates.Unit(units.Count, cxx: false, "-w -O2 -falign-functions=1", rest.ToArray()));

        return ([.. units, templates.Table(), .. Own()], templates.Functions);
    }

    static IEnumerable<SourceFile> Own() =>
    [
        SourceFile.FromResource(typeof(ShapesProgram), "control.h"),
        SourceFile.FromResource(typeof(ShapesProgram), "shapes.h"),
        SourceFile.FromResource(typeof(ShapesProgram), "shapes_main.c", "-O2"),
    ];
}
