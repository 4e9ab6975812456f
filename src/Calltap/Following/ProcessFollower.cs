using System.Diagnostics;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.Following;

/// <summary>
/// Traces a tree of processes: a session for each, made while it is held, so that no call is missed. What is forked goes on with what its parent had armed; what is executed is
/// attached to at its entry. One thread.
/// </summary>
/// <remarks>
/// <code>
/// Start -> [Serve]* -> Stop -> dispose
/// </code>
/// </remarks>
public sealed class ProcessFollower : IDisposable
{
    const int MostReviews = 20, MostAtOnce = 8;

    static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    readonly FollowOptions _options;
    readonly IProcessTracing _tracing;
    readonly ContentsPool _contents = new();
    readonly Dictionary<Pid, FollowedProcess> _processes = [];
    readonly HashSet<Pid> _told = []; // of these it was said that they are not traced
    long _lookedAt;
    ProcessTree? _tree;
    TargetLauncher? _launcher; // of the command at the root
    bool _stopped;

    /// <summary>Follows nothing yet.</summary>
    public ProcessFollower(FollowOptions options, IProcessTracing tracing)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(tracing);
        (_options, _tracing) = (options, tracing);
    }

    /// <summary>Whether nobody is left.</summary>
    public bool IsOver => _processes.Count == 0 && _tree!.IsEmpty;

    /// <summary>The processes that live, as far as is known.</summary>
    public IReadOnlyCollection<FollowedProcess> Processes => _processes.Values;

    /// <summary>Follows a command that was started and is held: it runs once its functions are armed.</summary>
    public void Start(TargetLauncher launcher)
    {
        ArgumentNullException.ThrowIfNull(launcher);
        _launcher = launcher;
        _tree = new ProcessTree(launcher) { RepeatsCalls = !_options.CallsNotRepeated };
        Serve();
    }

    /// <summary>Follows a running process, and those that come of it; its children that run already are traced too.</summary>
    /// <exception cref="AttachException">It can't be traced.</exception>
    public void Start(Pid process)
    {
        _tree = new ProcessTree { RepeatsCalls = !_options.CallsNotRepeated };
        Begin(process, null, null);
        StepBack();
    }

    /// <summary>Waits until something has happened, at most so long.</summary>
    public void Wait(TimeSpan patience) => _tree!.Wait(patience);

    /// <summary>Attends to what has happened: held processes wait for it. Where it happens faster than that, to some of it.</summary>
    /// <exception cref="InvalidOperationException">A fault of ours: nothing more is seen.</exception>
    public void Serve()
    {
        ServeSome();
        if (_tree!.Fault is { } fault) throw new InvalidOperationException($"following has failed: {fault.Message}", fault);
        if (Stopwatch.GetElapsedTime(_lookedAt) > s_look) EndDead();
    }

    void ServeSome()
    {
        for (int i = 0; i < MostAtOnce && _tree!.TryTake(out TreeEvent happened); i++) Serve(happened);
    }

    /// <summary>What ended while nobody looked is told by nobody.</summary>
    void EndDead()
    {
        List<Pid> dead = [.. _processes.Values.Where(p => p.HasEnded).Select(p => p.Pid)];
        if (!_tree!.IsQuiet) return; // of what they forked it may still be told, and what that goes on with is their session
        _lookedAt = Stopwatch.GetTimestamp();
        dead.ForEach(process => End(process));
    }

    /// <summary>Follows no longer, and ends every session.</summary>
    public void Stop()
    {
        if (_stopped || _tree is null) return;
        _stopped = true;
        ServeSome();
        _tree.Dispose();
        Review();
        foreach (Pid process in _processes.Keys.ToList()) End(process);
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();

    void Serve(TreeEvent happened)
    {
        Pid process = happened.Process;
        switch (happened.Kind)
        {
            case TreeEventKind.Ended:
                End(process);
                break;
            case TreeEventKind.Executed when ProcFiles.Threads(process).Count > 1:
                BeginThreaded(process, happened.Parent);
                break;
            case TreeEventKind.Executed:
                Held(process, hold => Begin(process, EndBefore(process, happened.Parent), hold));
                break;
            case TreeEventKind.ExecutedUnheld:
                EndBefore(process, happened.Parent);
                _processes[process] = new FollowedProcess(process, null, null);
                NotTraced(process, happened.Reason ?? "");
                break;
            case TreeEventKind.Forked:
                Held(process, hold => BeginFork(process, happened.Parent, hold));
                break;
        }
    }

    /// <summary>A library's constructor has made threads, which the tree traces: for the guard to have them all, the program has to run.</summary>
    void BeginThreaded(Pid process, Pid parent)
    {
        _tree!.HoldOf(process).Release();
        using (MakeWay()) Try(process, () => Begin(process, EndBefore(process, parent), null));
    }

    /// <summary>The program before, which is over, or who started this one.</summary>
    FollowedProcess? EndBefore(Pid process, Pid parent) => End(process) ?? _processes.GetValueOrDefault(parent);

    /// <summary>Whatever comes of it, the process runs on.</summary>
    void Held(Pid process, Action<TargetHold> begin)
    {
        TargetHold hold = _tree!.HoldOf(process);
        try
        {
            Try(process, () => begin(hold));
        }
        finally
        {
            hold.Release();
        }
    }

    /// <summary>A process that can't be traced is followed all the same.</summary>
    void Try(Pid process, Action begin)
    {
        try
        {
            begin();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _processes.TryAdd(process, new FollowedProcess(process, null, null));
            bool isEnding = e is AttachException { Reason: AttachRefusal.TargetEnded or AttachRefusal.NoSuchProcess } || _processes[process].HasEnded;
            if (!isEnding) NotTraced(process, e.Message);
        }
    }

    void NotTraced(Pid process, string reason)
    {
        if (_told.Add(process)) _tracing.NotTraced(process, reason);
    }

    /// <summary>A program at its beginning, or one that runs.</summary>
    /// <param name="process">Which.</param>
    /// <param name="before">See <see cref="IProcessTracing.Began"/>.</param>
    /// <param name="hold">Who holds it; null when it runs.</param>
    /// <param name="parent">The session of the process that has forked it; null when it has executed something since.</param>
    void Begin(Pid process, FollowedProcess? before, TargetHold? hold, TraceSession? parent = null)
    {
        _told.Remove(process);
        TargetProcess target = TargetProcess.Open(process);
        try
        {
            if (process == _launcher?.Pid) _launcher.HandPerfMapTo(target);
            LeftSession.RefuseIfPresent(target);
            FunctionCatalog catalog = FunctionCatalog.Load(target, _options.Scope, _options.Filters, _options.Cache, _contents);
            bool isWanted = catalog.Scope!.IsOpen || catalog.Functions.Any(f => f.Plan.Entry is not null && _options.Ops.Any(op => op.Filter.Wants(f.Names, f.Module.Name)));
            if (isWanted) Add(TraceSession.Attach(target, catalog, hold, _options.Int3, parent), before, forked: false);
            else _processes[process] = new FollowedProcess(process, target, null);
        }
        catch
        {
            if (_processes.GetValueOrDefault(process)?.Target != target) target.Dispose();
            throw;
        }
    }

    void Add(TraceSession session, FollowedProcess? before, bool forked)
    {
        Pid process = session.Target.Pid;
        session.WithoutPtrace = _options.WithoutPtrace;
        session.MakeWay = MakeWay;
        FollowedProcess followed = _processes[process] = new FollowedProcess(process, session.Target, session);
        try
        {
            _tracing.Began(followed, before, forked);
        }
        finally
        {
            session.Release();
        }
    }

    /// <summary>What was forked by a process without a session has none either, until it executes something.</summary>
    void BeginFork(Pid child, Pid parent, TargetHold? hold)
    {
        TargetProcess target = TargetProcess.Open(child);
        if (_processes.GetValueOrDefault(parent) is not { Session: { } session } followed)
        {
            _processes[child] = new FollowedProcess(child, target, null);
            return;
        }
        bool isOld;
        try
        {
            if (session.IsCopiedIn(target))
            {
                Add(session.Adopt(target, hold), followed, forked: true);
                return;
            }
            isOld = session.IsFormerlyCopiedIn(target);
            if (isOld) session.RestoreIn(target, hold);
        }
        finally
        {
            if (_processes.GetValueOrDefault(child)?.Target != target) target.Dispose();
        }
        Begin(child, followed, hold, isOld ? session : null);
    }

    /// <summary>What was there; null when nothing was.</summary>
    FollowedProcess? End(Pid process)
    {
        if (!_processes.Remove(process, out FollowedProcess? ended)) return null;
        if (ended.Session is null)
        {
            ended.Target?.Dispose();
            return ended;
        }
        string? failure = Failure(() => _tracing.Ended(ended)); // both: the session lets go of its memory all the same
        failure ??= Failure(ended.Session.Dispose);
        if (failure is not null) _tracing.NotRestored(process, failure);
        return ended;
    }

    /// <summary>One that can't be disarmed (it is stopped, it has sandboxed itself) keeps none of the others armed.</summary>
    static string? Failure(Action end)
    {
        try
        {
            end();
            return null;
        }
        catch (Exception e) when (e is AttachException or TimeoutException or PatchMismatchException or SystemCallException)
        {
            return e.Message;
        }
    }

    // ---- where the tree has stepped aside, /proc tells what has happened meanwhile ----

    sealed class Way(ProcessFollower follower) : IDisposable
    {
        public void Dispose() => follower.StepBack();
    }

    Way MakeWay()
    {
        if (_stopped) return new Way(this);
        AdoptHeld();
        _tree!.StepAside();
        return new Way(this);
    }

    /// <summary>What was forked goes on with its parent's session as it is now: afterwards it would be a copy of one that is no more.</summary>
    void AdoptHeld()
    {
        while (_tree!.TryTake(out TreeEvent happened))
            if (happened.Kind == TreeEventKind.Forked) Serve(happened); // others are found afterwards, as what happens meanwhile is
    }

    void StepBack()
    {
        if (_stopped) return;
        Review();
        _tree!.StepBack(_processes.Keys);
        EndDead();
        // Born after the last look, and before their makers were seized: what those make from now on is held.
        for (List<(Pid Child, Pid Parent)> born = Strangers(); born.Count > 0; born = Strangers())
        {
            BeginRunning(born);
            _tree.StepBack(born.Select(b => b.Child));
        }
    }

    void Review()
    {
        for (int i = 0; i < MostReviews; i++)
        {
            foreach (FollowedProcess process in _processes.Values.ToList())
            {
                if (process.HasEnded) End(process.Pid);
                else if (process.IsReplaced) Try(process.Pid, () => Begin(process.Pid, End(process.Pid), null));
            }
            List<(Pid Child, Pid Parent)> strangers = Strangers();
            if (strangers.Count == 0) return;
            BeginRunning(strangers);
        }
    }

    void BeginRunning(List<(Pid Child, Pid Parent)> strangers)
    {
        foreach ((Pid child, Pid parent) in strangers) Try(child, () => BeginRunning(child, parent));
    }

    /// <summary>Processes made by those that are followed, and not known.</summary>
    List<(Pid Child, Pid Parent)> Strangers()
    {
        var found = new List<(Pid, Pid)>();
        foreach (Pid parent in _processes.Keys)
            foreach (Tid thread in ProcFiles.Threads(parent))
                foreach (Tid child in ProcFiles.Children(parent, thread))
                    if (!_processes.ContainsKey(new Pid(child.Value)) && IsUnfollowed(child)) found.Add((new Pid(child.Value), parent));
        return found;
    }

    /// <summary>Whether it lives, and the tree does not have it: what the kernel has attached with its maker will be told of.</summary>
    static bool IsUnfollowed(Tid child) =>
        ProcStatus.TryRead(ProcFiles.Process(new Pid(child.Value), "status")) is { IsDead: false } status && !Directory.Exists($"/proc/self/task/{status.TracerPid.Value}");

    /// <summary>A child that runs: a copy of its parent's memory since that was armed, or something else.</summary>
    void BeginRunning(Pid child, Pid parent)
    {
        if (SystemCall.SharesMemory(new Tid(parent.Value), new Tid(child.Value)) is { Ok: true, Value: true }) _processes[child] = new FollowedProcess(child, null, null);
        else if (_processes[parent].Session is null) Begin(child, null, null);
        else BeginFork(child, parent, null);
    }
}
