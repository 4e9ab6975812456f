using Calltap.Code;
using Calltap.Managed;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Symbols;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>
/// The functions of a target that are in scope, with how each can be patched. Modules come and go while the target runs; nothing is
/// forgotten, and a function keeps its id wherever its module is loaded. One thread.
/// </summary>
public sealed class FunctionCatalog
{
    readonly List<TargetModule> _modules = [];
    readonly List<TargetFunction> _functions = [];
    readonly List<ExcludedFunction> _excluded = [];
    readonly List<(ContentHash Hash, TargetTraits Traits, Range Functions)> _known = []; // by module
    readonly HashSet<int> _unloaded = [];
    readonly HashSet<FunctionId> _replaced = []; // other code was compiled to where they were
    CompiledCode? _compiled; // of a .NET process
    CompiledCodeOpening? _opening; // where the runtime has just begun
    string? _profiler; // the library of one
    int _composite; // assemblies whose code is in an image of several
    readonly CxaDemangler _demangler;
    readonly HashedFiles _hashes;

    FunctionCatalog(ModuleScope? scope, AnalysisCache? cache, ContentsPool? pool, CxaDemangler? demangler = null, HashedFiles? hashes = null) =>
        (Scope, Cache, Pool, _demangler, _hashes) = (scope, cache, pool, demangler ?? new CxaDemangler(), hashes ?? new HashedFiles());

    /// <summary>The same functions of what was just forked: from now on its modules come and go by themselves.</summary>
    internal FunctionCatalog(FunctionCatalog original)
        : this(original.Scope, original.Cache, original.Pool, original._demangler, original._hashes)
    {
        _modules.AddRange(original._modules);
        _functions.AddRange(original._functions);
        _excluded.AddRange(original._excluded);
        _known.AddRange(original._known);
        _unloaded.UnionWith(original._unloaded);
        Unreadable = original.Unreadable;
    }

    /// <summary>The modules in scope that are loaded or were; <see cref="TargetModule.Id"/> is the index.</summary>
    public IReadOnlyList<TargetModule> Modules => _modules;

    /// <summary>Their functions; <see cref="TargetFunction.Id"/> is the index.</summary>
    public IReadOnlyList<TargetFunction> Functions => _functions;

    /// <summary>What looks like a function in the modules' symbols and is none, or is kept out, with the reason.</summary>
    public IReadOnlyList<ExcludedFunction> Excluded => _excluded;

    /// <summary>Files in scope that could not be read.</summary>
    public IReadOnlyList<string> Unreadable { get; private set; } = [];

    /// <summary>What else the user has to know of functions that are not here, a line each.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            List<string> notes = [.. Scope?.Notes ?? []];
            if (_composite > 0) notes.Add("its assemblies are compiled ahead of time into one image (composite ReadyToRun), which is not read: of their methods only those are traced that the runtime compiles again");
            if (_profiler is { } library) notes.Add($"a .NET profiler is loaded ({library}): methods are traced as it has changed them");
            if (_compiled?.Note is { } compiled) notes.Add(compiled);
            return notes;
        }
    }

    /// <summary>Which modules are looked at; null for a file by itself.</summary>
    internal ModuleScope? Scope { get; }

    /// <summary>For a file by itself; else the scope says so.</summary>
    bool AllowsBreakpoints { get; init; }

    /// <summary>Where analyses are kept; null when nowhere.</summary>
    internal AnalysisCache? Cache { get; }

    /// <summary>What the modules of other processes contain; null when there are none.</summary>
    internal ContentsPool? Pool { get; }

    /// <summary>Reads what modules contain.</summary>
    /// <param name="traits">What is known of the process now.</param>
    internal ContentsReader ReaderFor(TargetTraits traits) => new(traits, Cache, Pool, _demangler) { Hashes = _hashes, Program = Scope?.Program };

    /// <summary>Reads the modules in scope and analyses their functions. The target is only read.</summary>
    /// <param name="target">The target.</param>
    /// <param name="scope">Which modules.</param>
    /// <param name="named">Patterns that bring further modules in by their name.</param>
    /// <param name="cache">Where analyses are kept; null analyses anew.</param>
    public static FunctionCatalog Load(TargetProcess target, FunctionScope scope, IReadOnlyCollection<FunctionFilter> named, AnalysisCache? cache = null) =>
        Load(target, scope, named, cache, null);

    /// <summary>The same for one of several processes.</summary>
    internal static FunctionCatalog Load(TargetProcess target, FunctionScope scope, IReadOnlyCollection<FunctionFilter> named, AnalysisCache? cache, ContentsPool? pool)
    {
        ArgumentNullException.ThrowIfNull(target);
        TargetTraits traits = TargetTraits.Of(target);
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        DotNetPresence dotNet = CompiledCode.IsIn(mappings) ? DotNetPresence.Runs : DotNetHost.Is(target) ? DotNetPresence.Awaited : DotNetPresence.None;
        var catalog = new FunctionCatalog(new ModuleScope(target.ExecutablePath, scope, named) { DotNet = dotNet, HoldsRuntime = DotNetHost.HoldsRuntime(target), Program = target.SingleFile }, cache, pool);
        ContentsReader reader = catalog.ReaderFor(traits);
        var unreadable = new List<string>();
        foreach (IReadOnlyList<MemoryMapping> file in ModuleLoader.Files(mappings))
        {
            if (!catalog.Scope!.Has(file[0].Path)) continue;
            if (ModuleLoader.Load(target, file, catalog._modules.Count, reader) is { } loaded) catalog.AddAll(loaded.Module, loaded.Hash, traits, file);
            else if (!reader.Composite.Contains(file[0].Path)) unreadable.Add(file[0].Path);
        }
        catalog._composite = reader.Composite.Count;
        reader.Keep();
        if (catalog.HasDotNetMethods)
        {
            catalog._profiler = RuntimeTools.LoadedProfiler(target.Pid, mappings);
            catalog.OpenCompiled(target, unreadable);
        }
        catalog.Unreadable = unreadable;
        return catalog;
    }

    void OpenCompiled(TargetProcess target, List<string> unreadable)
    {
        try
        {
            target.Companion = _compiled = CompiledCode.Open(target, Scope!.UnloadsNothing);
            TakeCompiled(int.MaxValue);
            _compiled.ForgetTimes(); // what was there before is no news
        }
        catch (DiagnosticsException e)
        {
            unreadable.Add($"compiled methods ({e.Message})");
        }
    }

    /// <summary>Whether a .NET runtime is in it, or will be.</summary>
    internal bool IsDotNet => Scope is { DotNet: not DotNetPresence.None };

    /// <summary>Whether methods of .NET are asked for, and its runtime is there.</summary>
    internal bool HasDotNetMethods => Scope is { DotNet: DotNetPresence.Runs, WantsManaged: true };

    /// <summary>Whether methods of .NET are asked for, and its runtime is not there yet.</summary>
    public bool AwaitsDotNet => Scope is { DotNet: DotNetPresence.Awaited, WantsManaged: true };

    /// <summary>Whether .NET's own assemblies are left out, as long as nobody asks for them.</summary>
    public bool LeavesOutDotNet => HasDotNetMethods;

    /// <summary>Whether a .NET runtime has compiled something since, or answers for the first time.</summary>
    internal bool HasNewCompiled => _compiled?.HasNew == true || _opening is { IsDone: true };

    /// <summary>Lets go who waits for compiled methods that were taken in to be armed.</summary>
    internal void ReleaseCompiled() => _compiled?.Release();

    /// <summary>Has whoever compiles a method that an op wants wait until it is armed, where that is possible.</summary>
    internal void WaitFor(IReadOnlyCollection<Op> ops) => _compiled?.WaitFor(ops.Count == 0 ? null : (names, path) =>
        Scope!.Has(path) && ops.Any(op => op.Filter.Wants(names, Path.GetFileName(path))));

    /// <summary>How soon methods were armed that were compiled since the session began.</summary>
    public CompiledWaits CompiledWaits => _compiled?.Waits ?? default;

    /// <summary>Whether a .NET runtime tells what it compiles.</summary>
    internal bool FollowsCompiled => _compiled is { Tells: true };

    /// <summary>Notes that a runtime has begun, and asks it for what it compiles; that is there once <see cref="HasNewCompiled"/> says so.</summary>
    /// <param name="target">The target.</param>
    /// <param name="mappings">What it has mapped.</param>
    internal void NoticeDotNet(TargetProcess target, IReadOnlyList<MemoryMapping> mappings)
    {
        if (Scope is not { DotNet: DotNetPresence.Awaited } scope || !DotNetHost.HasBegun(target, mappings)) return;
        scope.DotNet = DotNetPresence.Runs;
        if (scope.WantsManaged) target.Companion = _opening = CompiledCodeOpening.Begin(target, scope.UnloadsNothing);
    }

    /// <summary>Takes over what <see cref="NoticeDotNet"/> has begun, once it is there.</summary>
    /// <returns>Why the runtime does not tell; null when it does, or has not answered yet.</returns>
    internal string? OpenCompiled(TargetProcess target)
    {
        if (_opening is not { IsDone: true } opening) return null;
        _opening = null;
        target.Companion = null;
        try
        {
            target.Companion = _compiled = opening.Take();
            return null;
        }
        catch (DiagnosticsException e)
        {
            return e.Message;
        }
        finally
        {
            opening.Dispose();
        }
    }

    /// <summary>Whether a .NET runtime was asked to tell what it compiles, which it does until it is told to end.</summary>
    internal bool HasAskedForCompiled => _compiled?.IsAsked == true;

    /// <summary>Takes in what a .NET runtime has compiled since.</summary>
    /// <param name="room">How many functions there is room for.</param>
    /// <returns>The modules that have come, the functions whose code is gone because other code is there, and how many there was no room for.</returns>
    internal (IReadOnlyList<TargetModule> Come, IReadOnlyList<TargetFunction> Replaced, int LeftOut) TakeCompiled(int room)
    {
        if (_compiled is null) return ([], [], 0);
        int leftOut = 0;
        (IReadOnlyList<CompiledMethods> methods, IReadOnlySet<ulong> addresses) = _compiled.Read(Scope!.Has);
        List<TargetFunction> replaced = addresses.Count == 0 ? [] : [.. _functions.Where(f => f.Module.Contents.IsCompiled && addresses.Contains(f.Address.Value) && _replaced.Add(f.Id))];
        var come = new List<TargetModule>();
        foreach (CompiledMethods some in methods)
        {
            int count = some.Contents.Functions.Count;
            if (count > room)
            {
                leftOut += count;
                continue;
            }
            room -= count;
            TargetModule module = some.ToModule(_modules.Count);
            Add(module, default, TargetTraits.None);
            come.Add(module);
        }
        return (come, replaced, leftOut);
    }

    /// <summary>Whether a function's code is there, as far as is known: it is loaded, and no other code has come in its place.</summary>
    internal bool IsThere(TargetFunction function) => IsLoaded(function.Module) && !_replaced.Contains(function.Id);


    /// <summary>Analyses a file by itself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cache">Where analyses are kept; null analyses anew.</param>
    /// <param name="filter">What is asked for; null for what there is without asking.</param>
    /// <exception cref="ElfFormatException">It is no ELF image of this machine, and no .NET assembly with code for it.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static FunctionCatalog LoadFile(string path, AnalysisCache? cache = null, FunctionFilter? filter = null)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        var catalog = new FunctionCatalog(null, cache, null) { AllowsBreakpoints = filter is { AllowsBreakpoints: true } };
        ContentsReader reader = catalog.ReaderFor(TargetTraits.None);
        ContentHash hash = ContentHash.Of(file);
        ModuleContents contents = reader.Read(file, path, hash);
        reader.Keep();
        catalog.Add(new TargetModule(0, path, 0, default, default, contents), hash, TargetTraits.None);
        return catalog;
    }

    /// <summary>Whether the module was mapped when it was last looked for.</summary>
    public bool IsLoaded(TargetModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return !_unloaded.Contains(module.Id);
    }

    /// <summary>The functions of a module.</summary>
    internal IReadOnlyList<TargetFunction> FunctionsOf(TargetModule module)
    {
        (int start, int count) = _known[module.Id].Functions.GetOffsetAndLength(_functions.Count);
        return _functions.GetRange(start, count);
    }

    /// <summary>Notes that a module is gone.</summary>
    internal void Unload(TargetModule module) => _unloaded.Add(module.Id);

    /// <summary>The modules that are or were here of a path and of what its file holds, the first that came first; none where that has to be analysed anew.</summary>
    internal IEnumerable<TargetModule> Of(string path, ContentHash hash, TargetTraits traits) =>
        _modules.Where(module => module.Path == path && _known[module.Id].Traits == traits && _known[module.Id].Hash == hash);

    /// <summary>Takes a module in again, wherever it is loaded now.</summary>
    /// <param name="module">Its new record.</param>
    internal void Return(TargetModule module)
    {
        _modules[module.Id] = module;
        (int start, int count) = _known[module.Id].Functions.GetOffsetAndLength(_functions.Count);
        for (int i = start; i < start + count; i++) _functions[i] = _functions[i] with { Module = module };
        _unloaded.Remove(module.Id);
    }

    /// <summary>Takes a module in, and what else of its file is mapped as a whole.</summary>
    void AddAll(TargetModule module, ContentHash hash, TargetTraits traits, IReadOnlyList<MemoryMapping> file)
    {
        Add(module, hash, traits);
        IReadOnlyList<MemoryMapping> rest = ModuleLoader.Beside(file, module);
        while (ModuleLoader.HasCode(rest) && ModuleLoader.Place(_modules.Count, rest, module.Contents) is { } copy
            && LoadBias.IsComplete(copy.LoadBias, rest, module.Contents.LoadSegments))
        {
            Add(copy, hash, traits);
            rest = ModuleLoader.Beside(rest, copy);
        }
    }

    /// <summary>Takes a module in.</summary>
    /// <param name="module">Its id is the next one.</param>
    /// <param name="hash">What tells its file from others.</param>
    /// <param name="traits">What is known of the process.</param>
    internal void Add(TargetModule module, ContentHash hash, TargetTraits traits)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(module.Id, _modules.Count);
        int first = _functions.Count;
        if (!_modules.Any(other => other.Contents == module.Contents)) _excluded.AddRange(module.Contents.Excluded);
        foreach (AnalyzedFunction function in module.Contents.Functions)
            _functions.Add(new TargetFunction(new FunctionId(_functions.Count), module, function.Symbol, PlanOf(function), function.NamesIn(module.Name)));
        _modules.Add(module);
        _known.Add((hash, traits, first.._functions.Count));
    }

    FunctionPlan PlanOf(AnalyzedFunction function) => AllowsBreakpoints || Scope is { AllowsBreakpoints: true } ? function.Plan.WithBreakpoints() : function.Plan;
}
