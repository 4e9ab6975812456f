using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Managed;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>A tracer to be killed: this test program, run again. It records a .NET program, arms what is compiled, and now and then lets all go and begins anew.</summary>
sealed class ManagedTracer : IDisposable
{
    const string Switch = "--calltap-managed", MapSwitch = "--calltap-managed-map";

    readonly string _path = Path.GetTempFileName();
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _state;

    /// <summary>Starts it.</summary>
    /// <param name="target">The program.</param>
    /// <param name="onlyMap">It asks for the perf map, and comes no further.</param>
    public ManagedTracer(Pid target, bool onlyMap = false)
    {
        File.WriteAllBytes(_path, new byte[sizeof(long)]);
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Open);
        _state = _file.CreateViewAccessor();
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileName(program) == "dotnet" ? [program, typeof(ManagedTracer).Assembly.Location] : [program];
        Pid = Spawn.Start(program, [.. self, onlyMap ? MapSwitch : Switch, $"{target}", _path]).OrThrow("posix_spawn");
    }

    public Pid Pid { get; }

    /// <summary>Waits until it is about to attach.</summary>
    public void AwaitReady() => Assert.True(Deadline.In(EngineTests.Patience).Poll(() => _state.ReadInt64(0) > 0), "the tracer does not get ready");

    /// <summary>Waits until it has armed a program, which must not end.</summary>
    public void AwaitArmed(ManagedProgram program)
    {
        bool isInTime = Deadline.In(EngineTests.Patience).Poll(() => _state.ReadInt64(0) > 1 || !program.IsRunning);
        program.AssertRuns();
        Assert.True(isInTime, "the tracer does not arm");
    }

    public void Kill()
    {
        Signals.Kill(Pid, Signals.SIGKILL).OrThrow("kill");
        Wait.ForExitOf(Pid, out siginfo_t report).OrThrow("waitid");
        Assert.Equal(Wait.CLD_KILLED, report.si_code); // it was at work, not at an error of its own
    }

    public void Dispose()
    {
        _state.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }

    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        string[] arguments = Environment.GetCommandLineArgs();
        int at = Array.FindIndex(arguments, argument => argument is Switch or MapSwitch);
        if (at < 0) return;
        Action<Pid, string> trace = arguments[at] == Switch ? Record : AskForMap;
        trace(new Pid(int.Parse(arguments[at + 1], CultureInfo.InvariantCulture)), arguments[at + 2]);
        Environment.Exit(0);
    }

    static void AskForMap(Pid pid, string path)
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using MemoryMappedViewAccessor state = file.CreateViewAccessor();
        using TargetProcess target = TargetProcess.Open(pid);
        using PerfMap map = PerfMap.Enable(target);
        state.Write(0, 1L);
        Thread.Sleep(Timeout.Infinite);
    }

    static void Record(Pid pid, string path)
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using MemoryMappedViewAccessor state = file.CreateViewAccessor();
        state.Write(0, 1L);
        using TraceSession session = TraceSession.Attach(pid, new SessionOptions { Filters = [FunctionFilter.All with { AllowsBreakpoints = Environment.ProcessId % 2 == 0 }] });
        using var recorder = new Recorder(session, Stream.Null, new RecordOptions());
        for (long rounds = 2; ; rounds++)
        {
            var op = new Op(OpKind.Graph, FunctionFilter.All, $"{rounds}");
            recorder.Add([op]);
            state.Write(0, rounds);
            for (Deadline end = Deadline.In(TimeSpan.FromMilliseconds(200)); !end.IsPast; Thread.Sleep(1)) recorder.FollowModules();
            recorder.Remove(op);
        }
    }
}
