using Calltap.Cli.Commands;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.Cli.Targets;

/// <summary>
/// The way from what was asked for to a session. Everything that can be found out by reading is found out before the target is
/// touched: that it may be traced, and that some function matches.
/// <code>
///   Open (find or start, analyse, check) -> Attach -> Release -> dispose
/// </code>
/// </summary>
sealed class Attachment : IDisposable
{
    readonly TargetProcess _target;
    TraceSession? _session;
    bool _released;

    Attachment(TargetProcess target, TargetLauncher? launcher, FunctionCatalog catalog) =>
        (_target, Launcher, Catalog) = (target, launcher, catalog);

    /// <summary>The functions in scope.</summary>
    public FunctionCatalog Catalog { get; }

    /// <summary>The target's pid.</summary>
    public Pid Pid => _target.Pid;

    /// <summary>The target's name.</summary>
    public string Name => _target.Name;

    /// <summary>Who started the target; null when it ran already.</summary>
    public TargetLauncher? Launcher { get; }

    /// <summary>Finds or starts the target and analyses it; it is only read.</summary>
    /// <exception cref="AttachException">It can't be traced, or the command can't be run.</exception>
    /// <exception cref="CommandException">No function that can be armed matches.</exception>
    public static Attachment Open(TargetChoice choice, ScopeChoice scope, IReadOnlyCollection<Op> ops, Terminal terminal)
    {
        TargetLauncher? launcher = choice.Command.Count > 0 ? TargetLauncher.Start(choice.Command[0], [.. choice.Command.Skip(1)]) : null;
        TargetProcess? target = null;
        try
        {
            target = TargetProcess.Open(launcher?.Pid ?? choice.Process ?? ProcessList.Find(choice.Name!));
            launcher?.HandPerfMapTo(target);
            LeftSession.RefuseIfPresent(target);
            FunctionCatalog catalog = FunctionCatalog.Load(target, scope.Scope, [scope.Filter, .. ops.Select(op => op.Filter)], CacheFolder.Analyses);
            var matches = ScopeMatches.Of(catalog, ops);
            foreach (string note in catalog.Notes) terminal.Note(note); // it may be why nothing matches
            matches.CheckAny(scope, target.Pid);
            terminal.Note($"{ScopeText.Of(scope, catalog)}; {string.Join(", ", ops.Select(op => op.Name))}: {Texts.Of(matches.Matching, "function")} of process {target.Pid} ({target.Name})");
            if (matches.Awaited is { } awaited) terminal.Note(awaited);
            foreach (string file in catalog.Unreadable) terminal.Note($"{file} can't be read: left out");
            return new Attachment(target, launcher, catalog);
        }
        catch
        {
            // A command that was to be traced must not run untraced.
            launcher?.Kill();
            launcher?.Dispose();
            target?.Dispose();
            throw;
        }
    }

    /// <summary>Attaches; no function is armed yet. The session is disposed with this object.</summary>
    /// <exception cref="AttachException">It can't be traced.</exception>
    public TraceSession Attach(WindowChoice window)
    {
        _session = TraceSession.Attach(_target, Catalog, Launcher, window.Int3);
        _session.WithoutPtrace = window.WithoutPtrace;
        return _session;
    }

    /// <summary>Lets a command that was started run.</summary>
    public void Release()
    {
        _session!.Release();
        _released = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_released) Launcher?.Kill(); // first: a target that is held can't be disarmed, and need not be
        try
        {
            _session?.Dispose();
        }
        finally
        {
            _target.Dispose();
            Launcher?.Dispose();
        }
    }
}
