using Calltap.Code;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Symbols;
using Calltap.Target;

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
    public static FunctionCatalog Load(TargetProcess target, FunctionScope scope, IReadOnlyCollection<FunctionFilter> named)
    {
        ArgumentNullException.ThrowIfNull(target);
        TargetTraits traits = TargetTraits.Of(target);
        string executable = target.ExecutablePath.Replace(" (deleted)", "", StringComparison.Ordinal);
        var modules = new List<TargetModule>();
        var unreadable = new List<string>();
        foreach (IReadOnlyList<MemoryMapping> file in ModuleLoader.Files(target.ReadMappings()))
        {
            string path = file[0].Path;
            if (!InScope(path, path == executable, scope, named)) continue;
            if (ModuleLoader.Load(target, file, modules.Count) is { } module) modules.Add(module);
            else unreadable.Add(path);
        }
        return Create(modules, unreadable, traits);
    }

    /// <summary>Analyses a file by itself.</summary>
    /// <exception cref="ElfFormatException">It is no ELF image of this machine.</exception>
    public static FunctionCatalog LoadFile(string path)
    {
        ModuleSymbols symbols = ModuleLoader.LoadFile(path);
        return Create([new TargetModule(0, path, 0, default, default, symbols)], [], TargetTraits.None);
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

    static FunctionCatalog Create(List<TargetModule> modules, List<string> unreadable, TargetTraits traits)
    {
        var demangler = new CxaDemangler();
        var functions = new List<TargetFunction>();
        var excluded = new List<ExcludedFunction>();
        foreach (TargetModule module in modules)
        {
            excluded.AddRange(module.Symbols.Excluded);
            IReadOnlyList<FunctionPlan> plans = ModuleAnalysis.Analyze(module.Symbols, traits);
            for (int i = 0; i < plans.Count; i++)
            {
                ImageFunction symbol = module.Symbols.Functions[i];
                if (plans[i].EntryRefusal == RefusalReason.PartOfAnother)
                {
                    excluded.Add(new ExcludedFunction(symbol.Address, symbol.Size, symbol.Name, RefusalReason.PartOfAnother.Text()));
                    continue;
                }
                FunctionNames names = ModuleAnalysis.NamesOf(symbol, module.Name, demangler);
                functions.Add(new TargetFunction(new FunctionId(functions.Count), module, symbol, plans[i], names));
            }
        }
        return new FunctionCatalog(modules, functions, excluded, unreadable);
    }
}
