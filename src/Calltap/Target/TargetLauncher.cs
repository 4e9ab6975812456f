using Calltap.Managed;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// Starts a command and holds it, stopped, at its first instruction after the dynamic linker (AT_ENTRY), a static one where it has set up its thread
/// pointer (<see cref="StaticStart"/>): libraries are loaded, main has not run, and there is usually one thread. All ptrace requests come from one thread of its own, which also serves <see cref="Injection.RunHeld"/>.
/// <code>
///   Start -> held -> Release -> running, untraced -> WaitForExit
/// </code>
/// The command is a child of this process; when this process ends it runs on.
/// </summary>
public sealed class TargetLauncher : TargetHold, IDisposable
{
    // The shell stops itself so that it can be seized before it becomes the command: no shim of ours, and Yama lets one trace descendants (A30).
    private const string StopThenBecome = "kill -STOP $$; exec \"$@\"", WithEnvironment = "export \"$1\" \"$2\"; shift 2; ";

    private PtraceThread? _thread = new("calltap launcher"); // null when it was handed over
    private bool _held;
    private CommandExit? _exit;

    private LaunchedPerfMap? _perfMap;
    private HeldPerfMap? _served;

    private TargetLauncher(Pid pid) => Pid = pid;

    /// <summary>The command's process.</summary>
    public Pid Pid { get; private set; }

    internal override PtraceThread Thread => _thread!;

    internal override Tid HeldThread => new(Pid.Value);

    /// <summary>Starts <paramref name="command"/>, a path or a name looked up in PATH, with this process's environment and files.</summary>
    /// <exception cref="AttachException">It cannot be run, ended before its first own instruction, or cannot be traced.</exception>
    public static TargetLauncher Start(string command, IReadOnlyList<string> arguments)
    {
        string path = CommandPath.Find(command);
        TargetLauncher launcher = new(default);
        try
        {
            launcher.Thread.Run(() => launcher.StartHeld(path, arguments));
            return launcher;
        }
        catch
        {
            launcher.Kill();
            launcher.Dispose();
            throw;
        }
    }

    /// <summary>Lets the command run, untraced. Does nothing when it runs already.</summary>
    public override void Release()
    {
        if (_held)
            Thread.Run(() => Ptrace.Detach(HeldThread, 0));
        _held = false;
    }

    /// <summary>Gives a process object of the command what its runtime will tell. Until then nobody waits for it to be read.</summary>
    public void HandPerfMapTo(TargetProcess target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (_served is null) return;
        _served.Waits = LaunchedPerfMap.IsOfProgram;
        (target.PerfMap, _served) = (_served, null);
    }

    /// <summary>Gives the held command away, with the thread that holds it: whoever takes it follows what it starts.</summary>
    internal PtraceThread HandOver()
    {
        PtraceThread thread = Thread;
        (_thread, _held) = (null, false);
        return thread;
    }

    /// <summary>Takes note of the command's end, seen by whoever it was handed over to.</summary>
    internal void NoteExit(in siginfo_t report) => _exit ??= CommandExit.From(report);

    /// <summary>Waits until the command has ended and reaps it; any thread, any number of times.</summary>
    public CommandExit WaitForExit()
    {
        if (_exit is { } known)
            return known;
        Wait.ForExitOf(Pid, out siginfo_t report).OrThrow($"waitid({Pid})");
        _exit = CommandExit.From(report);
        return _exit.Value;
    }

    /// <summary>Ends the command by SIGKILL and reaps it; for a start that is given up.</summary>
    public void Kill()
    {
        if (Pid.Value == 0 || _exit is not null)
            return;
        Signals.Kill(Pid, Signals.SIGKILL);
        _held = false;
        if (_thread is null)
            WaitForExit(); // any thread of ours may reap it
        else
            _thread.Run(() => Wait.One(HeldThread, Wait.WEXITED, out siginfo_t report) is { Ok: true } && (_exit = CommandExit.From(report)) is not null);
    }

    /// <summary>Lets the command run if it is still held. It is not ended.</summary>
    public void Dispose()
    {
        Release();
        _served?.Dispose();
        _perfMap?.Dispose();
        _thread?.Dispose();
    }

    private bool StartHeld(string path, IReadOnlyList<string> arguments)
    {
        _perfMap = LaunchedPerfMap.For(path);
        string script = _perfMap is null ? StopThenBecome : WithEnvironment + StopThenBecome;
        Pid = Spawn.Start("/bin/sh", ["sh", "-c", script, "sh", .. _perfMap?.Environment ?? [], path, .. arguments]).OrThrow("posix_spawn(/bin/sh)");
        _served = _perfMap?.Serve(Pid);
        LaunchSteps steps = new(Pid, path);
        steps.SeizeStoppedShell();
        steps.RunToExec();
        steps.RunToEntry(Thread);
        _held = true;
        return true;
    }
}
