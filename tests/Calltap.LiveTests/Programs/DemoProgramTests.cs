using System.Diagnostics;
using Calltap.Cli.Demo;
using Calltap.LiveTests.Target;

namespace Calltap.LiveTests.Programs;

public sealed class DemoProgramTests(ITestOutputHelper output)
{
    // All of them take a minute of a processor's time to compile.
    static readonly int s_functions = LiveTest.Repeat(2000, DemoProgram.FunctionCount);
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Runs_checked_rounds_and_ends_when_told()
    {
        var watch = Stopwatch.StartNew();
        var path = DemoProgram.Build(BuildCache.Directory, functions: s_functions);
        output.WriteLine($"built in {watch.Elapsed.TotalSeconds:0.0} s: {path}");
        using var control = ControlFile.Create();
        control.Work = 0;
        using var demo = SpawnedProgram.Start(path, DemoProgram.Arguments(control));

        control.WaitUntilReady(s_patience);
        while (control.Threads.Any(t => t.Rounds < 2) && demo.IsRunning)
            Thread.Sleep(5);
        control.ResetGaps(s_patience);
        var calls = control.Threads.Sum(t => t.Calls);
        control.Stop();

        Assert.Equal(0, demo.WaitForExit(s_patience));
        Assert.Equal(demo.Pid, control.Pid);
        Assert.Equal(4, control.ThreadCount);
        Assert.Equal(4, control.Threads.Select(t => t.Tid).Distinct().Count());
        Assert.True(calls > 8 * s_functions, $"{calls} calls");
        Assert.Equal(0, control.WrongResults);
    }

    [Fact]
    public void Ends_by_itself_after_its_time()
    {
        using var control = ControlFile.Create();
        using var demo = SpawnedProgram.Start(DemoProgram.Build(BuildCache.Directory, functions: s_functions), DemoProgram.Arguments(control, seconds: 1));
        Assert.Equal(0, demo.WaitForExit(s_patience));
    }

    [Fact]
    public void Ends_on_SIGTERM()
    {
        using var control = ControlFile.Create();
        using var demo = SpawnedProgram.Start(DemoProgram.Build(BuildCache.Directory, functions: s_functions), DemoProgram.Arguments(control));
        control.WaitUntilReady(s_patience);
        demo.Terminate();
        Assert.Equal(0, demo.WaitForExit(s_patience));
    }
}
