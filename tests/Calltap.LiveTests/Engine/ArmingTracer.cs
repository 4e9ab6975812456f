using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// A tracer to be killed: this test program, run again, which arms functions of a program; then it holds them
/// armed, or arms and disarms for ever. It says in a file how far it is.
/// </summary>
sealed class ArmingTracer : IDisposable
{
    const string Switch = "--calltap-arm";

    readonly string _path = Path.GetTempFileName();
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _state;

    /// <summary>Starts it.</summary>
    /// <param name="target">The program that it arms.</param>
    /// <param name="flips">Whether it goes on arming and disarming.</param>
    /// <param name="glob">Names of the functions; null for those of the shapes program.</param>
    public ArmingTracer(Pid target, bool flips, string? glob = null)
    {
        File.WriteAllBytes(_path, new byte[sizeof(long)]);
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Open);
        _state = _file.CreateViewAccessor();
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileName(program) == "dotnet" ? [program, typeof(ArmingTracer).Assembly.Location] : [program];
        Pid = Spawn.Start(program, [.. self, Switch, $"{target}", _path, flips ? "flip" : "hold", .. glob is null ? (string[])[] : [glob]]).OrThrow("posix_spawn");
    }

    public Pid Pid { get; }

    /// <summary>Waits until it has armed.</summary>
    public void AwaitArmed() =>
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => _state.ReadInt64(0) > 0), "the tracer did not arm");

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
        int at = Array.IndexOf(arguments, Switch);
        if (at < 0) return;
        Arm(new Pid(int.Parse(arguments[at + 1], CultureInfo.InvariantCulture)), arguments[at + 2], arguments[at + 3] == "flip", arguments.ElementAtOrDefault(at + 4));
        Environment.Exit(0);
    }

    static void Arm(Pid pid, string path, bool flips, string? glob)
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using MemoryMappedViewAccessor state = file.CreateViewAccessor();
        using TraceSession session = TraceSession.Attach(pid, new SessionOptions());
        Op op = OpOf(OpKind.Graph), other = OpOf(OpKind.Count);
        session.Add(op);
        for (long rounds = 1; ; rounds++)
        {
            state.Write(0, rounds);
            if (!flips) Thread.Sleep(Timeout.Infinite);
            session.Add(other);
            session.Remove(other);
            session.Remove(op);
            session.Add(op);
        }

        Op OpOf(OpKind kind) => glob is null ? ShapesAtWork.OpOf(kind) : new Op(kind, FunctionFilter.Parse([glob], []), $"{kind}");
    }
}
