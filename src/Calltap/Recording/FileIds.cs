using Calltap.Modules;
using Calltap.Sessions;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>
/// The ids of modules, functions and sites in a trace file that several sessions write: the same function of the same file has one, in whichever process. The first
/// session's ids are its own. Of a .NET method every version is that one function, with sites of its own; its assembly is one module, however many batches of compiled methods
/// come. Under the lock of whoever asks: sessions belong to one thread.
/// </summary>
sealed class FileIds
{
    const int FirstOfOthers = 1 << 20; // modules; the first session has fewer

    readonly Dictionary<(string Path, ModuleContents? Contents), int> _modules = [];
    readonly Dictionary<(string Path, ModuleContents Contents, ImageAddress Address), (FunctionId Function, uint FirstSite)> _bodies = [];
    readonly Dictionary<(int Module, string Method), FunctionId> _methods = [];
    readonly HashSet<(int Module, string Method)> _continued = [];
    readonly HashSet<FunctionId> _incomplete = [];
    int _nextModule = FirstOfOthers, _nextFunction;
    uint _nextSite = 1;

    /// <summary>Leaves the ids of the first session to it.</summary>
    public void Reserve(int functions, int sites) => (_nextFunction, _nextSite) = (functions, (uint)sites);

    /// <summary>The id of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="own">Its id in the session that the ids are taken from; null for one in another session.</param>
    public int Of(TargetModule module, int? own)
    {
        var key = (module.Path, module.IsManaged ? null : module.Contents);
        if (!_modules.TryGetValue(key, out int id)) _modules.Add(key, id = own ?? _nextModule++);
        return id;
    }

    /// <summary>The ids of a function.</summary>
    /// <param name="sites">The function.</param>
    /// <param name="isOwn">Whether it has the ids of its session.</param>
    /// <exception cref="InvalidOperationException">The file's format has no more ids.</exception>
    public FunctionInFile Of(FunctionSites sites, bool isOwn)
    {
        TargetFunction function = sites.Function;
        var key = (function.Module.Path, function.Module.Contents, function.Symbol.Address);
        if (_bodies.TryGetValue(key, out (FunctionId Function, uint FirstSite) known)) return new FunctionInFile(known.Function, known.FirstSite, HasNewSites: false, IsNew: false);
        (FunctionId id, bool isNew) = IdOf(function, isOwn);
        uint firstSite = isOwn ? sites.Entry.Id.Value : _nextSite;
        if (!isOwn) _nextSite += sites.SiteIds;
        if (_nextFunction > TraceLimits.MaxFunctionId || _nextSite > TraceLimits.MaxSiteId) throw new InvalidOperationException("more functions than a trace file can name");
        _bodies.Add(key, (id, firstSite));
        return new FunctionInFile(id, firstSite, HasNewSites: true, isNew);
    }

    /// <summary>A method's id is that of its version that came first.</summary>
    (FunctionId Id, bool IsNew) IdOf(TargetFunction function, bool isOwn)
    {
        var key = MethodOf(function, isOwn);
        if (function.Symbol.IsManaged && _methods.TryGetValue(key, out FunctionId known)) return (known, false);
        FunctionId id = isOwn ? function.Id : new FunctionId(_nextFunction++);
        if (function.Symbol.IsManaged) _methods.Add(key, id);
        return (id, true);
    }

    (int Module, string Method) MethodOf(TargetFunction function, bool isOwn) => (Of(function.Module, isOwn ? function.Module.Id : null), function.Name);

    /// <summary>Notes that calls of a method may go on in code that is entered by no call, and is not armed: they are left unseen.</summary>
    /// <param name="continuation">That code.</param>
    /// <param name="isOwn">Whether it has the ids of its session.</param>
    /// <returns>The method's id in the file; null when it has none yet.</returns>
    public FunctionId? Continue(TargetFunction continuation, bool isOwn)
    {
        _continued.Add(MethodOf(continuation, isOwn));
        return _methods.TryGetValue(MethodOf(continuation, isOwn), out FunctionId id) ? id : null;
    }

    /// <summary>Whether that was noted of a function.</summary>
    public bool IsContinued(TargetFunction function, bool isOwn) => function.Symbol.IsManaged && _continued.Contains(MethodOf(function, isOwn));

    /// <summary>Notes that not every exit of a function makes an event.</summary>
    /// <param name="function">The function, by its id in the file.</param>
    /// <returns>False when that was known.</returns>
    public bool MarkIncomplete(FunctionId function) => _incomplete.Add(function);
}
