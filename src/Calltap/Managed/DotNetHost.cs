using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>A program that does nothing but load a .NET runtime: <c>dotnet</c>, or the executable that is built beside an assembly.</summary>
static class DotNetHost
{
    /// <summary>What such a program exports.</summary>
    public const string SingleFileSymbol = "DotNetRuntimeInfo";

    const string Runtime = "/libcoreclr.so", CoreLibrary = "/System.Private.CoreLib.dll", TieringThread = ".NET Tiered Com"; // the kernel keeps 15 bytes

    /// <summary>Whether a process runs such a program, or one with its assemblies in its own file, maybe the runtime too.</summary>
    public static bool Is(TargetProcess target)
    {
        string path = target.ExecutablePath;
        return Path.GetFileName(path) == "dotnet" || target.SingleFile is not null || IsApphost(ProcFiles.Process(target.Pid, "root") + path); // in its own mounts
    }

    /// <summary>Whether a file is such a program.</summary>
    public static bool Is(string path)
    {
        string real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        return Path.GetFileName(real) == "dotnet" || IsApphost(real) || SingleFileProgram.Is(real);
    }

    static bool IsApphost(string path) => File.Exists(path + ".dll") && (File.Exists(path + ".runtimeconfig.json") || File.Exists(path + ".deps.json"));

    /// <summary>Whether its program is one in a single file, the runtime included, which exports a name for debuggers.</summary>
    public static bool HoldsRuntime(TargetProcess target) => DynamicStrings.Contain(ProcFiles.Process(target.Pid, "exe"), SingleFileSymbol);

    /// <summary>Whether its runtime has begun: its first assembly is there. Asked for compiled methods before that, it might have no place yet to look for them.</summary>
    public static bool HasBegun(TargetProcess target, IReadOnlyList<MemoryMapping> mappings) =>
        target.SingleFile is not null && HoldsRuntime(target)
            ? IsMapped(mappings, CoreLibrary) || HasTiers(target)
            : IsMapped(mappings, Runtime) && IsMapped(mappings, CoreLibrary);

    /// <summary>A compressed assembly is nowhere to be seen: this thread is started by the first method that was called from one.</summary>
    static bool HasTiers(TargetProcess target) =>
        target.ReadThreads().Any(thread => ProcFiles.TryReadText(ProcFiles.Thread(target.Pid, thread, "comm"))?.TrimEnd('\n') == TieringThread);

    static bool IsMapped(IReadOnlyList<MemoryMapping> mappings, string name) => mappings.Any(m => m.IsExecutable && m.Path.EndsWith(name, StringComparison.Ordinal));
}
