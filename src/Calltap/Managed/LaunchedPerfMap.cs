using Calltap.Modules;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>
/// Has a .NET program that is about to be started write its perf map from its first method on, in a folder that goes with this: by its environment, which what it starts inherits.
/// </summary>
sealed class LaunchedPerfMap : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("calltap-").FullName;

    LaunchedPerfMap()
    {
    }

    /// <summary>What its environment gets, as NAME=VALUE.</summary>
    public IReadOnlyList<string> Environment => ["DOTNET_PerfMapEnabled=3", $"DOTNET_PerfMapJitDumpPath={_folder}"];

    /// <summary>For a program that loads a .NET runtime, unless the user has asked for a perf map already; null for others.</summary>
    /// <param name="path">The program.</param>
    public static LaunchedPerfMap? For(string path) =>
        DotNetHost.Is(path) && System.Environment.GetEnvironmentVariable("DOTNET_PerfMapEnabled") is null or "" ? new LaunchedPerfMap() : null;

    /// <summary>Begins to serve it where that is allowed; null where it will be a file.</summary>
    public HeldPerfMap? Serve(Pid pid) => HeldPerfMap.TryServe(Path.Combine(_folder, $"perf-{pid}.map"), pid);

    /// <summary>What is waited for until it is known what is wanted: not the methods of .NET itself.</summary>
    public static bool IsOfProgram(string text) => ManagedNames.FromPerfMap(text) is { } name && !AssemblyPaths.IsFramework(name.Assembly + ".dll");

    /// <summary>Takes the folder away; who writes into a file in it still may.</summary>
    public void Dispose()
    {
        foreach (string file in Directory.EnumerateFiles(_folder)) ModuleFiles.TryDelete(file);
        try
        {
            Directory.Delete(_folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Something that the program has started has made a file meanwhile.
        }
    }
}
