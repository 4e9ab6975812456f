using Calltap.Modules;
using Calltap.Sessions;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>
/// The ids of modules, functions and sites in a trace file that several sessions write: the same function of the same file has one, in whichever process. The first
/// session's ids are its own. Under the lock of whoever asks: sessions belong to one thread.
/// </summary>
sealed class FileIds
{
    const int FirstOfOthers = 1 << 20; // modules; the first session has fewer

    readonly Dictionary<(string Path, ModuleContents Contents), int> _modules = [];
    readonly Dictionary<(int Module, ImageAddress Address), (FunctionId Function, uint FirstSite)> _functions = [];
    int _nextModule = FirstOfOthers, _nextFunction;
    uint _nextSite = 1;

    /// <summary>Leaves the ids of the first session to it.</summary>
    public void Reserve(int functions, int sites) => (_nextFunction, _nextSite) = (functions, (uint)sites);

    /// <summary>The id of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="own">Its id in the session that the ids are taken from; null for one in another session.</param>
    public int Of(TargetModule module, int? own)
    {
        if (!_modules.TryGetValue((module.Path, module.Contents), out int id)) _modules.Add((module.Path, module.Contents), id = own ?? _nextModule++);
        return id;
    }

    /// <summary>The id of a function and of its first site, behind which the others follow as in the session; and whether it is new in the file.</summary>
    /// <param name="sites">The function.</param>
    /// <param name="isOwn">Whether it has the ids of its session.</param>
    /// <exception cref="InvalidOperationException">The file's format has no more ids.</exception>
    public (FunctionId Function, uint FirstSite, bool IsNew) Of(FunctionSites sites, bool isOwn)
    {
        TargetFunction function = sites.Function;
        var key = (Of(function.Module, isOwn ? function.Module.Id : null), function.Symbol.Address);
        if (_functions.TryGetValue(key, out (FunctionId Function, uint FirstSite) known)) return (known.Function, known.FirstSite, false);
        known = isOwn ? (function.Id, sites.Entry.Id.Value) : (new FunctionId(_nextFunction++), _nextSite);
        if (!isOwn) _nextSite += sites.SiteIds;
        if (_nextFunction > TraceLimits.MaxFunctionId || _nextSite > TraceLimits.MaxSiteId) throw new InvalidOperationException("more functions than a trace file can name");
        _functions.Add(key, known);
        return (known.Function, known.FirstSite, true);
    }
}
