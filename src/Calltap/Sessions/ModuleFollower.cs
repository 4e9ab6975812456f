using System.Diagnostics;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// Keeps a session in line with the modules that its target loads and unloads: what comes is armed for the ops that want it, the sites of what is gone
/// are retired. By the session's thread.
/// </summary>
/// <param name="catalog">The functions.</param>
/// <param name="watch">Notices what comes and goes.</param>
/// <param name="registry">The sites.</param>
/// <param name="ops">Who wants which functions.</param>
/// <param name="arenas">The room for stubs.</param>
/// <param name="forget">Told of sites that are no more.</param>
/// <param name="arm">Arms what is wanted of modules that have come.</param>
/// <param name="pending">Modules of the catalog, by their ids, that have come and are not armed yet: to a process that was forked, with those of its parent.</param>
sealed class ModuleFollower(
    FunctionCatalog catalog, ModuleWatch watch, SiteRegistry registry, OpTable ops, ArenaSet arenas, Action<IEnumerable<Site>> forget, Func<IReadOnlyList<TargetModule>, StepClock, ArmReport> arm,
    IReadOnlyCollection<int> pending)
{
    /// <summary>Looking takes at most this part of the time.</summary>
    const int Share = 20;

    static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(50); // between two looks
    static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_lastRetry = TimeSpan.FromSeconds(30); // each borrows a thread

    readonly List<int> _pending = [.. pending];
    long _next; // when to look again
    long _cost; // of a look
    long _retryAt;
    TimeSpan _retry = s_firstRetry;

    /// <summary>Modules that have come and are not armed yet.</summary>
    public IReadOnlyCollection<int> Pending => _pending;

    /// <summary>Looks, where it is time to; what has happened, or null.</summary>
    /// <exception cref="AttachException">The target has ended.</exception>
    public ModuleReport? Look()
    {
        long start = Stopwatch.GetTimestamp();
        if (start >= _next && IsWorthALook(start)) return Follow(watch.Look);
        return watch.HasCompiled ? Follow(watch.LookAtCompiled) : null;
    }

    bool IsWorthALook(long start)
    {
        bool changed = watch.HasChanged();
        long longest = (long)(s_longest.TotalSeconds * Stopwatch.Frequency);
        long took = Stopwatch.GetTimestamp() - start;
        _cost = _cost == 0 ? took : Math.Min(took, _cost + _cost / 4); // not what the look has waited for a CPU
        _next = start + Math.Min(Share * _cost, longest);
        return changed || (_pending.Count > 0 && start >= _retryAt);
    }

    ModuleReport? Follow(Func<StepClock, ModuleChanges> look)
    {
        var steps = new StepClock(null);
        ModuleChanges changes = look(steps);
        List<FunctionSites> retired = [.. changes.Gone.SelectMany(module => registry.Retire(catalog.FunctionsOf(module)))];
        foreach (TargetModule module in changes.Gone.Where(module => !registry.IsLeft(catalog.FunctionsOf(module)))) arenas.Retire(module);
        retired.AddRange(registry.Retire(changes.Replaced));
        forget(retired.SelectMany(sites => sites.Exits.Prepend(sites.Entry)));
        steps.Mark("retire");
        _pending.RemoveAll(id => !catalog.IsLoaded(catalog.Modules[id]));
        if (changes.Come.Count > 0) (_retryAt, _retry) = (0, s_firstRetry);
        _pending.AddRange(changes.Come.Where(IsWanted).Select(module => module.Id).Except(_pending));
        (ArmReport? arming, IReadOnlyList<ModuleArming> armed, string? failure) = Arm(steps);
        catalog.ReleaseCompiled();
        watch.KeepAnalyses();
        if (changes is { Gone.Count: 0, Come.Count: 0, Refused.Count: 0, Replaced.Count: 0, LeftOut: 0 } && arming is null && failure is null) return null;
        return new ModuleReport(changes.Gone, changes.Come, armed, changes.Refused, [.. retired.Select(sites => sites.Function.Id)], arming, failure, steps.Steps) { LeftOut = changes.LeftOut };
    }

    bool IsWanted(TargetModule module) => catalog.FunctionsOf(module).Any(f => f.Plan.Entry is not null && ops.WantOf(f).Any);

    /// <summary>A target that is stopped, or that gives no thread in time, is asked again.</summary>
    (ArmReport? Report, IReadOnlyList<ModuleArming> Modules, string? Failure) Arm(StepClock steps)
    {
        if (_pending.Count == 0 || Stopwatch.GetTimestamp() < _retryAt) return (null, [], null);
        List<TargetModule> modules = [.. _pending.Select(id => catalog.Modules[id])];
        try
        {
            ArmReport report = arm(modules, steps);
            _pending.Clear();
            return (report, [.. modules.Select(module => Of(module, report))], null);
        }
        catch (Exception e) when (e is TimeoutException or AttachException { Reason: not AttachRefusal.TargetEnded })
        {
            _retryAt = Stopwatch.GetTimestamp() + (long)(_retry.TotalSeconds * Stopwatch.Frequency);
            _retry = _retry * 2 < s_lastRetry ? _retry * 2 : s_lastRetry;
            return (null, [], e.Message);
        }
    }

    ModuleArming Of(TargetModule module, ArmReport report)
    {
        HashSet<FunctionId> refused = [.. report.Refused.Where(r => r.Function.Module.Id == module.Id).Select(r => r.Function.Id)];
        int armed = report.Changed.Count(c => catalog.Functions[c.Function.Value].Module.Id == module.Id && !refused.Contains(c.Function));
        return new ModuleArming(module, armed, armed + refused.Count);
    }
}
