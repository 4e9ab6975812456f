using Calltap.Probes;
using Calltap.Symbols;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>The functions of a target that are in scope, with how each can be patched.</summary>
public sealed class FunctionCatalog
{
    FunctionCatalog(
        IReadOnlyList<TargetModule> modules, IReadOnlyList<TargetFunction> functions, IReadOnlyList<ExcludedFunction> excluded, IReadOnlyList<string> unreadable) =>
        (Modules, Functions, Excluded, Unreadable) = (modules, functions, excluded, unreadable);

    /// <summary>The modules in scope.</summary>
    public IReadOnlyList<TargetModule> Modules { get; }

    /// <summary>Their functions; <see cref="TargetFunction.Id"/> is the index.</summary>
    public IReadOnlyList<TargetFunction> Functions { get; }

    /// <summary>What looks like a function in the modules' symbols and is none, or is kept out, with the reason.</summary>
    public IReadOnlyList<ExcludedFunction> Excluded { get; }

    /// <summary>Files in scope that could not be read.</summary>
    public IReadOnlyList<string> Unreadable { get; }

    /// <summary>Reads the modules in scope and analyses their functions. The target is only read.</summary>
    /// <param name="target">The target.</param>
    /// <param name="scope">Which modules.</param>
    /// <param name="named">Patterns that bring further modules in by their name.</param>
    /// <param name="cache">Where analyses are kept; null analyses anew.</param>
    public static FunctionCatalog Load(TargetProcess target, FunctionScope scope, IReadOnlyCollection<FunctionFilter> named, AnalysisCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        var reader = new ContentsReader(TargetTraits.Of(target), cache);
        string executable = target.ExecutablePath.Replace(" (deleted)", "", StringComparison.Ordinal);
        var modules = new List<TargetModule>();
        var unreadable = new List<string>();
        foreach (IReadOnlyList<MemoryMapping> file in ModuleLoader.Files(target.ReadMappings()))
        {
            string path = file[0].Path;
            if (!InScope(path, path == executable, scope, named)) continue;
            if (ModuleLoader.Load(target, file, modules.Count, reader) is { } module) modules.Add(module);
            else unreadable.Add(path);
        }
        return Create(modules, unreadable);
    }

    /// <summary>Analyses a file by itself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cache">Where analyses are kept; null analyses anew.</param>
    /// <exception cref="ElfFormatException">It is no ELF image of this machine.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static FunctionCatalog LoadFile(string path, AnalysisCache? cache = null)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        ModuleContents contents = new ContentsReader(TargetTraits.None, cache).Read(file, path);
        return Create([new TargetModule(0, path, 0, default, default, contents)], []);
    }

    static bool InScope(string path, bool isExecutable, FunctionScope scope, IReadOnlyCollection<FunctionFilter> named)
    {
        string name = Path.GetFileName(path);
        if (ModuleLoader.IsDynamicLinker(name)) return false;
        return scope switch
        {
            _ when named.Any(filter => filter.NamesModule(name)) => true,
            FunctionScope.Executable => isExecutable,
            FunctionScope.Libraries => isExecutable || !ModuleLoader.IsCRuntime(name),
            _ => true,
        };
    }

    static FunctionCatalog Create(List<TargetModule> modules, List<string> unreadable)
    {
        var functions = new List<TargetFunction>(modules.Sum(module => module.Contents.Functions.Count));
        var excluded = new List<ExcludedFunction>();
        foreach (TargetModule module in modules)
        {
            excluded.AddRange(module.Contents.Excluded);
            foreach (AnalyzedFunction function in module.Contents.Functions)
                functions.Add(new TargetFunction(new FunctionId(functions.Count), module, function.Symbol, function.Plan, function.NamesIn(module.Name)));
        }
        return new FunctionCatalog(modules, functions, excluded, unreadable);
    }
}
