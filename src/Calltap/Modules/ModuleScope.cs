using Calltap.Managed;
using Calltap.Probes;

namespace Calltap.Modules;

/// <summary>Which modules of a target are looked at, those that come later among them.</summary>
/// <param name="executable">The program's path, as the kernel tells it.</param>
/// <param name="scope">Which modules.</param>
/// <param name="named">Patterns that bring further modules in by their name.</param>
/// <param name="isDotNet">A .NET runtime is in it: the program is its assemblies, but for those that come with .NET.</param>
/// <param name="holdsRuntime">The executable holds that runtime.</param>
sealed class ModuleScope(string executable, FunctionScope scope, IReadOnlyCollection<FunctionFilter> named, bool isDotNet, bool holdsRuntime)
{
    readonly string _executable = executable.Replace(" (deleted)", "", StringComparison.Ordinal);

    /// <summary>Whether a .NET runtime is in the target.</summary>
    public bool IsDotNet => isDotNet;

    /// <summary>Whether a module that is loaded later may be in it.</summary>
    public bool IsOpen => isDotNet || scope != FunctionScope.Executable || named.Any(filter => filter.HasModulePatterns);

    /// <summary>Whether a file is in it.</summary>
    public bool Has(string path)
    {
        string name = Path.GetFileName(path);
        bool isExecutable = path == _executable;
        if (ModuleLoader.IsDynamicLinker(name) || ModuleLoader.IsDotNetRuntime(name) || (isExecutable && holdsRuntime)) return false;
        return scope switch
        {
            _ when named.Any(filter => filter.NamesModule(name)) => true,
            FunctionScope.Executable => isExecutable || (isDotNet && AssemblyPaths.IsAssembly(path) && !AssemblyPaths.IsFramework(path)),
            FunctionScope.Libraries => isExecutable || !ModuleLoader.IsCRuntime(name),
            _ => true,
        };
    }
}
