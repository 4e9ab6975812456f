using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>A program that does nothing but load a .NET runtime: <c>dotnet</c>, or the executable that is built beside an assembly.</summary>
static class DotNetHost
{
    /// <summary>What such a program exports.</summary>
    public const string SingleFileSymbol = "DotNetRuntimeInfo";

    const string Runtime = "/libcoreclr.so", CoreLibrary = "/System.Private.CoreLib.dll";

    /// <summary>Whether a process runs such a program. One with the runtime in it, in a single file, is none.</summary>
    public static bool Is(TargetProcess target)
    {
        string path = target.ExecutablePath;
        if (Path.GetFileName(path) == "dotnet") return true;
        string seen = ProcFiles.Process(target.Pid, "root") + path; // in its own mounts
        return File.Exists(seen + ".dll") && (File.Exists(seen + ".runtimeconfig.json") || File.Exists(seen + ".deps.json"));
    }

    /// <summary>Whether its program is one in a single file, the runtime included, which exports a name for debuggers.</summary>
    public static bool HoldsRuntime(TargetProcess target) => DynamicStrings.Contain(ProcFiles.Process(target.Pid, "exe"), SingleFileSymbol);

    /// <summary>Whether its runtime has begun: its first assembly is there. Asked for compiled methods before that, it might have no place yet to look for them.</summary>
    public static bool HasBegun(IReadOnlyList<MemoryMapping> mappings) => IsMapped(mappings, Runtime) && IsMapped(mappings, CoreLibrary);

    static bool IsMapped(IReadOnlyList<MemoryMapping> mappings, string name) => mappings.Any(m => m.IsExecutable && m.Path.EndsWith(name, StringComparison.Ordinal));
}
