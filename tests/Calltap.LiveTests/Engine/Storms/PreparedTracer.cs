using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>
/// A tracer to be killed: this test program, run again. It makes itself ready beforehand (its code compiled, the target analysed), so
/// that, once told to, it attaches and opens one window after another at once.
/// </summary>
sealed class PreparedTracer : IDisposable
{
    const string Switch = "--calltap-storm";
    const int ReadyAt = 0, GoAt = 8, ChangesAt = 16, Words = 24;

    readonly string _path = Path.GetTempFileName();
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _words;
    bool _reaped;

    /// <param name="target">The program that it changes.</param>
    /// <param name="seed">Makes the order of its changes.</param>
    /// <param name="answering">Who answers in its windows.</param>
    public PreparedTracer(Pid target, int seed, Answering answering = Answering.Guard)
    {
        File.WriteAllBytes(_path, new byte[Words]);
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Open);
        _words = _file.CreateViewAccessor();
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileName(program) == "dotnet" ? [program, typeof(PreparedTracer).Assembly.Location] : [program];
        Pid = Spawn.Start(program, [.. self, Switch, $"{target}", _path, $"{seed}", $"{Environment.ProcessId}", $"{answering}"]).OrThrow("posix_spawn");
    }

    public Pid Pid { get; }

    /// <summary>Windows that it has opened and closed.</summary>
    public long Changes => _words.ReadInt64(ChangesAt);

    /// <summary>Lets it attach, once it is ready.</summary>
    public void Begin()
    {
        Assert.True(StormTarget.Await(() => _words.ReadInt64(ReadyAt) == 1), "the tracer does not get ready");
        _words.Write(GoAt, 1L);
    }

    public void AwaitChanges(long changes) =>
        Assert.True(StormTarget.Await(() => Changes >= changes), "the tracer makes no progress");

    /// <summary>Stops it by SIGSTOP, and waits until every thread of it stands still.</summary>
    public void Stop()
    {
        Signals.Kill(Pid, Signals.SIGSTOP).OrThrow("kill");
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => ProcFiles.Threads(Pid).All(IsStopped)), "the tracer does not stop");
    }

    bool IsStopped(Tid thread) => ProcFiles.TryReadText(ProcFiles.Thread(Pid, thread, "stat"))?.Contains(") T ", StringComparison.Ordinal) != false;

    /// <summary>Stops it in a state of a window (<see cref="WindowWatch.State"/>); not every try is quick enough.</summary>
    public void StopIn(byte state, WindowWatch window)
    {
        Deadline patience = Deadline.In(EngineTests.Patience);
        while (true)
        {
            window.Await(state);
            Stop();
            if (window.State == state) return;
            GoOn();
            Assert.False(patience.IsPast, "no window is caught");
        }
    }

    /// <summary>Lets it go on.</summary>
    public void GoOn() => Signals.Kill(Pid, Signals.SIGCONT).OrThrow("kill");

    /// <summary>Sends SIGKILL, and does not wait.</summary>
    public void Kill() => Signals.Kill(Pid, Signals.SIGKILL).OrThrow("kill");

    /// <summary>Waits for the end that <see cref="Kill"/> brought: it was at work, not at an error of its own.</summary>
    public void Reap()
    {
        Wait.ForExitOf(Pid, out siginfo_t report).OrThrow("waitid");
        _reaped = true;
        Assert.Equal(Wait.CLD_KILLED, report.si_code);
    }

    public void Dispose()
    {
        if (!_reaped)
        {
            Signals.Kill(Pid, Signals.SIGKILL);
            Wait.ForExitOf(Pid, out _);
        }
        _words.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }

    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        string[] arguments = Environment.GetCommandLineArgs();
        int at = Array.IndexOf(arguments, Switch);
        if (at < 0) return;
        int Number(int index) => int.Parse(arguments[at + index], CultureInfo.InvariantCulture);
        var tester = new Pid(Number(4));
        Run(new Pid(Number(1)), arguments[at + 2], new Random(Number(3)), Enum.Parse<Answering>(arguments[at + 5]), () => ProcFiles.TryReadText(ProcFiles.Process(tester, "comm")) is not null);
        Environment.Exit(0);
    }

    static void Run(Pid pid, string path, Random random, Answering answering, Func<bool> isWanted)
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using MemoryMappedViewAccessor words = file.CreateViewAccessor();
        TargetProcess target = OpenBetweenWindows(pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        WarmCode.Prepare();
        words.Write(ReadyAt, 1L);
        while (words.ReadInt64(GoAt) == 0)
        {
            if (!isWanted()) return;
            Thread.Sleep(2);
        }
        using TraceSession session = TraceSession.Attach(target, catalog, null);
        session.AnswerBy(answering);
        Change(session, words, random, isWanted);
    }

    /// <summary>A process that is in an earlier tracer's window is refused.</summary>
    static TargetProcess OpenBetweenWindows(Pid pid)
    {
        while (true)
        {
            try
            {
                return TargetProcess.Open(pid);
            }
            catch (AttachException e) when (e.Reason == AttachRefusal.AlreadyTraced)
            {
                Thread.Sleep(1);
            }
        }
    }

    /// <summary>Ops come and go in any order, until it is killed.</summary>
    static void Change(TraceSession session, MemoryMappedViewAccessor words, Random random, Func<bool> isWanted)
    {
        Op[] ops = [Of(OpKind.Graph, StormTarget.Globs), Of(OpKind.Count, StormTarget.Globs), Of(OpKind.Graph, ["*[13579]"])];
        var present = new bool[ops.Length];
        for (long changes = 1; isWanted(); changes++)
        {
            int op = random.Next(ops.Length);
            present[op] = TryChange(session, ops[op], add: !present[op]);
            words.Write(ChangesAt, changes);
        }
    }

    /// <summary>Whether the op is there now. On a machine with much else to do a window may be given up before its first breakpoint.</summary>
    static bool TryChange(TraceSession session, Op op, bool add)
    {
        try
        {
            if (add) session.Add(op);
            else session.Remove(op);
            return add;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    static Op Of(OpKind kind, string[] globs) => new(kind, FunctionFilter.Parse(globs, ["*.cold", "*.part.*"]), $"{kind}");
}
