using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.LiveTests.Engine;

/// <summary>The shapes program, running with eight threads: in phases on command, or without a pause.</summary>
sealed class ShapesAtWork : IDisposable
{
    readonly SpawnedProgram _program;

    ShapesAtWork(bool storm)
    {
        Control = ShapesProgram.CreateControl(Threads);
        _program = SpawnedProgram.Start(ShapesProgram.Build(BuildCache.Directory), ShapesProgram.LoopArguments(Control, storm, Threads));
        Control.WaitUntilReady(EngineTests.Patience);
    }

    /// <summary>How many threads call.</summary>
    public const int Threads = 8;

    /// <summary>Rounds of a phase that repeats exactly: each seed once.</summary>
    public const int WholeCycle = 16;

    public ControlFile Control { get; }

    public Pid Pid => _program.Pid;

    public bool IsRunning => _program.IsRunning;

    /// <summary>Waits for commands.</summary>
    public static ShapesAtWork InPhases() => new(storm: false);

    /// <summary>Calls all the time.</summary>
    public static ShapesAtWork InStorm() => new(storm: true);

    /// <summary>The functions that count themselves.</summary>
    public static FunctionFilter OwnFunctions => FunctionFilter.Parse([ShapesProgram.FunctionGlob], ["*.cold", "*.part.*"]);

    /// <summary>An op for them.</summary>
    public static Op OpOf(OpKind kind, string name = "test") => new(kind, OwnFunctions, name);

    public TraceSession Attach(Int3Policy int3 = Int3Policy.Site) => TraceSession.Attach(Pid, new SessionOptions { Int3 = int3 });

    /// <summary>One phase.</summary>
    public void Run(int rounds = WholeCycle) => Control.Run(ShapesProgram.RunRounds, EngineTests.Patience, rounds);

    /// <summary>Calls so far: a row for each thread, a column for each function.</summary>
    public long[][] Counts() => [.. Enumerable.Range(0, Threads).Select(Control.Counts)];

    /// <summary>Columns by function id: armed functions that count themselves.</summary>
    public static Dictionary<FunctionId, int> Columns(TraceSession session)
    {
        var columns = ShapesProgram.Functions.Select((name, index) => (name, index)).ToDictionary(f => f.name, f => f.index);
        return session.Catalog.Functions.Where(f => columns.ContainsKey(f.Name)).ToDictionary(f => f.Id, f => columns[f.Name]);
    }

    /// <summary>That it runs, and that no result was ever wrong.</summary>
    public void AssertRightSoFar()
    {
        Assert.True(_program.IsRunning, $"the program has ended: {_program.Wait(TimeSpan.Zero)} {_program.Output}");
        Assert.Equal(0, Control.WrongResults);
    }

    /// <summary>Ends it; no result may ever have been wrong.</summary>
    public void AssertRight()
    {
        AssertRightSoFar();
        Control.Stop();
        int code = _program.WaitForExit(EngineTests.Patience);
        Assert.True(code == 0, $"exit code {code}: {_program.Output}");
    }

    public void Dispose()
    {
        _program.Dispose();
        Control.Dispose();
    }
}
