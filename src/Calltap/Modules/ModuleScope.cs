using Calltap.Managed;
using Calltap.Probes;

namespace Calltap.Modules;

/// <summary>Which modules of a target are looked at, those that come later among them.</summary>
/// <param name="executable">The program's path, as the kernel tells it.</param>
/// <param name="scope">Which modules.</param>
/// <param name="named">Patterns that bring further modules in by their name, and the worlds that are asked for.</param>
sealed class ModuleScope(string executable, FunctionScope scope, IReadOnlyCollection<FunctionFilter> named)
{
    readonly string _executable = executable.Replace(" (deleted)", "", StringComparison.Ordinal);
    readonly bool _managed = named.Count == 0 || named.Any(filter => filter.World != FunctionWorld.Native);
    /// <summary>See <see cref="FunctionFilter.UnloadsNothing"/>.</summary>
    public bool UnloadsNothing { get; } = named.Any(filter => filter.UnloadsNothing);

    /// <summary>See <see cref="FunctionFilter.AllowsBreakpoints"/>.</summary>
    public bool AllowsBreakpoints { get; } = named.Any(filter => filter.AllowsBreakpoints);

    readonly bool _native = named.Count == 0 || named.Any(filter => filter.World != FunctionWorld.Managed);

    /// <summary>Whether there is a .NET runtime in the target: the program is its assemblies, but for those that come with .NET.</summary>
    public DotNetPresence DotNet { get; set; }

    /// <summary>Whether the executable holds that runtime: a program in a single file.</summary>
    public bool HoldsRuntime { get; init; }

    /// <summary>The executable, where it holds assemblies.</summary>
    public SingleFileProgram? Program { get; init; }

    /// <summary>What the user has to know of what is left out of it, a line each.</summary>
    public IEnumerable<string> Notes
    {
        get
        {
            string name = Path.GetFileName(_executable);
            if (HoldsRuntime && _native) yield return $"{name} holds the runtime of .NET within it: its native functions are left alone";
            if (_managed && Program is { Compressed: > 0 and var compressed })
                yield return $"{compressed} assemblies in {name} are compressed (EnableCompressionInSingleFile): of their methods only those are traced that the runtime compiles";
        }
    }

    /// <summary>Whether methods of .NET are looked for.</summary>
    public bool WantsManaged => _managed;

    /// <summary>Whether a module that is loaded later may be in it.</summary>
    public bool IsOpen => (_managed && DotNet != DotNetPresence.None) || scope != FunctionScope.Executable || named.Any(filter => filter.HasModulePatterns);

    /// <summary>Whether a file is in it.</summary>
    public bool Has(string path)
    {
        string name = Path.GetFileName(path);
        bool isAssembly = AssemblyPaths.IsAssembly(path);
        if (!(isAssembly ? _managed : _native)) return false;
        bool isExecutable = path == _executable;
        if (ModuleLoader.IsDynamicLinker(name) || ModuleLoader.IsDotNetRuntime(name) || (isExecutable && HoldsRuntime)) return false;
        return scope switch
        {
            _ when named.Any(filter => filter.NamesModule(name)) => true,
            FunctionScope.Executable => isExecutable || (DotNet == DotNetPresence.Runs && isAssembly && !AssemblyPaths.IsFramework(path)),
            FunctionScope.Libraries => isExecutable || !ModuleLoader.IsCRuntime(name),
            _ => true,
        };
    }
}
