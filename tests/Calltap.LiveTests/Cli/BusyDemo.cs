using Calltap.Cli.Demo;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Cli;

/// <summary>The demo program with a few hundred functions, at work, to run the tool on.</summary>
sealed class BusyDemo : IDisposable
{
    /// <summary>How many functions it has, besides its own few.</summary>
    public const int Functions = 400;

    /// <summary>How many threads call them; more would only keep the tool from the CPU.</summary>
    public const int Threads = 2;

    readonly SpawnedProgram _program;
    readonly ControlFile _control = ControlFile.Create();

    BusyDemo()
    {
        _control.Work = DemoProgram.DefaultWork;
        _program = SpawnedProgram.Start(Path, DemoProgram.Arguments(_control, seconds: 600, Threads));
        _control.WaitUntilReady(EngineTests.Patience);
    }

    /// <summary>The program.</summary>
    public static string Path => DemoProgram.Build(BuildCache.Directory, functions: Functions);

    public Pid Pid => _program.Pid;

    /// <summary>As an argument of the tool.</summary>
    public string PidText => $"{_program.Pid}";

    public static BusyDemo Start() => new();

    /// <summary>Asks it to end; no result may have been wrong.</summary>
    public void End()
    {
        _control.Work = 0;
        _control.Stop();
        Assert.Equal(0, _program.WaitForExit(EngineTests.Patience));
    }

    /// <summary>That it runs, goes on, and was never misled.</summary>
    public void AssertRight()
    {
        long before = Calls;
        Assert.True(SpinWait.SpinUntil(() => Calls > before, EngineTests.Patience), "the program makes no calls");
        Assert.Equal(0, _control.WrongResults);
    }

    public void Dispose()
    {
        _program.Dispose();
        _control.Dispose();
    }

    long Calls => _control.Threads.Sum(thread => thread.Calls);
}
