using Calltap.Cli.Demo;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Harmless;

/// <summary>
/// The program of targets/harm*.c and harm*.cpp, whose traced functions log what they do. Either it runs before it is traced, or it is held before its
/// main: then the first session arms it there.
/// </summary>
sealed class HarmProgram : IDisposable
{
    /// <summary>How many threads it has.</summary>
    public const int Threads = 2;

    /// <summary>As in harm.h.</summary>
    const int TrailWords = 1 << 16;

    const string Flags = "-O2 -fstack-clash-protection";

    static readonly string[] s_parts = ["*.cold", "*.part.*"];

    readonly TargetLauncher? _launcher;
    readonly SpawnedProgram? _program;
    bool _held;

    HarmProgram(bool launched)
    {
        string[] arguments = [Control.Path, $"{Threads}"];
        string path = Build();
        if (_held = launched) _launcher = TargetLauncher.Start(path, arguments);
        else _program = SpawnedProgram.Start(path, arguments);
        if (!launched) Control.WaitUntilReady(EngineTests.Patience);
    }

    /// <summary>Its page.</summary>
    public ControlFile Control { get; } = ControlFile.Create(threads: Threads, functions: TrailWords);

    public Pid Pid => _launcher?.Pid ?? _program!.Pid;

    /// <summary>The functions that log themselves.</summary>
    public static Op OpOf(OpKind kind) => new(kind, FunctionFilter.Parse(["way_*"], s_parts), $"{kind}");

    /// <summary>And those that can't.</summary>
    public static Op OpOfAll(OpKind kind) => new(kind, FunctionFilter.Parse(["way_*", "silent_*"], s_parts), $"{kind} all");

    /// <summary>Starts it.</summary>
    /// <param name="launched">Whether it is held before its main.</param>
    public static HarmProgram Start(bool launched) => new(launched);

    public TraceSession Attach() => TraceSession.Attach(Pid, new SessionOptions { Launcher = _held ? _launcher : null });

    /// <summary>Lets it run when it is held, and waits until it is ready.</summary>
    public void Release(TraceSession session)
    {
        if (!_held) return;
        session.Release();
        _held = false;
        Control.WaitUntilReady(EngineTests.Patience);
    }

    /// <summary>Begins a scene in all threads: until each has filled its trail, or, where it makes threads, before there are more than have rings.</summary>
    public void Post(Scene scene) => Control.Post((int)scene, scene == Scene.ThreadEnd ? 25 : long.MaxValue, 1);

    /// <summary>Begins a scene in all threads, without a trail, until the program is stopped.</summary>
    public void PostStorm(Scene scene) => Control.Post((int)scene, long.MaxValue, 0);

    /// <summary>What each thread's calls have returned in the last command, mixed into a number each.</summary>
    public ulong[] Checksums() => [.. Control.Threads.Select(t => t.Checksum)];

    /// <summary>That it runs, and that no result was ever wrong.</summary>
    public void AssertRightSoFar()
    {
        string said = _program?.Output ?? "";
        Assert.True(File.Exists($"/proc/{Pid}/maps") && File.ReadAllText($"/proc/{Pid}/maps").Length > 0, $"the program has ended: {said}");
        Assert.True(Control.WrongResults == 0, $"{Control.WrongResults} results were wrong: {said}");
    }

    /// <summary>Something that needs it alive; when it has ended instead, how and what it said is told.</summary>
    public void Alive(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            if (_program?.Wait(TimeSpan.FromSeconds(5)) is not { } code) throw;
            throw new InvalidOperationException($"the program has ended with {code}: {_program.Output}", e);
        }
    }

    /// <summary>Tells it to end, and waits; no result may ever have been wrong.</summary>
    public void AssertRight()
    {
        AssertRightSoFar();
        End();
    }

    /// <summary>Tells it to end, and waits.</summary>
    public void End()
    {
        Control.Stop();
        int code = _launcher?.WaitForExit().ExitCode ?? _program!.WaitForExit(EngineTests.Patience);
        Assert.True(code == 0, $"exit code {code}: {_program?.Output}");
    }

    public void Dispose()
    {
        _launcher?.Kill();
        _launcher?.Dispose();
        _program?.Dispose();
        Control.Dispose();
    }

    static string Build()
    {
        SourceFile Of(string name) => SourceFile.FromResource(typeof(HarmProgram), name, Flags);
        try
        {
            return new GeneratedProgram("harm",
            [
                Of("control.h"), Of("harm.h"), Of("harm_main.c"), Of("harm_throw.cpp"), Of("harm_foreign.c"), Of("harm_leap.c"),
                Of("harm_signal.c"), Of("harm_thread.cpp"), Of("harm_cancel.c"), Of("harm_frame.c"),
            ]).Build(BuildCache.Directory);
        }
        catch (CompilerException e) when (e.Output.Length == 0)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }
}
