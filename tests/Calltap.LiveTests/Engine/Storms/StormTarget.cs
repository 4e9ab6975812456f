using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Target;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>
/// A program whose threads call all the time and check every result.
/// </summary>
sealed class StormTarget : IDisposable
{
    /// <summary>The functions of the demo, the shapes program and kept.c.</summary>
    public static readonly string[] Globs = [DemoProgram.FunctionGlob, ShapesProgram.FunctionGlob, "kept_*"];

    static readonly int s_lifeSeconds = LiveTest.Repeat(3600, 4 * 3600);

    readonly SpawnedProgram _program;

    StormTarget(string path, ControlFile control, string[] arguments)
    {
        Control = control;
        _program = SpawnedProgram.Start(path, arguments);
        Control.WaitUntilReady(EngineTests.Patience);
    }

    public ControlFile Control { get; }

    public Pid Pid => _program.Pid;

    /// <summary>Many small functions of ordinary shapes, in call trees.</summary>
    public static StormTarget StartDemo(int functions, int threads)
    {
        string path = DemoProgram.Build(BuildCache.Directory, functions: functions);
        ControlFile control = ControlFile.Create();
        return new StormTarget(path, control, DemoProgram.Arguments(control, s_lifeSeconds, threads));
    }

    /// <summary>2,000 functions of all shapes and classes.</summary>
    public static StormTarget StartShapes(int threads)
    {
        ControlFile control = ShapesProgram.CreateControl(threads);
        return new StormTarget(ShapesProgram.Build(BuildCache.Directory), control, ShapesProgram.LoopArguments(control, storm: true, threads));
    }

    /// <summary>Waits without keeping a CPU from those who are waited for.</summary>
    public static bool Await(Func<bool> condition)
    {
        Deadline patience = Deadline.In(EngineTests.Patience);
        while (!condition())
        {
            if (patience.IsPast) return false;
            Thread.Sleep(1);
        }
        return true;
    }

    public void AssertAlive(string when) =>
        Assert.True(_program.IsRunning, $"{when} the target had ended: {_program.Wait(TimeSpan.Zero)} {_program.Output}");

    /// <summary>Waits until every thread has done more of its checked work; none of it may have been wrong.</summary>
    public void AssertWorks(string when)
    {
        long[] before = Work();
        bool all = Await(() => Work().Zip(before).All(pair => pair.First > pair.Second));
        AssertAlive(when);
        Assert.True(all, $"{when} a thread does not go on: {string.Join(' ', Work().Zip(before).Select(p => p.First - p.Second))}");
        Assert.True(Control.WrongResults == 0, $"{when} {Control.WrongResults} results were wrong");
    }

    /// <summary>
    /// Makes the demo's threads rest between two calls; what they say about themselves is then complete. A thread that has used CPU time
    /// while it said that it rests, and has not called, has seen the word: before, its rest was short.
    /// </summary>
    public void Rest()
    {
        Control.Work = ulong.MaxValue;
        for (int i = 0; i < Control.ThreadCount; i++)
        {
            int thread = i;
            Assert.True(Await(() => Rests(thread)), $"thread {thread} does not rest");
        }
    }

    bool Rests(int thread)
    {
        ControlThread before = Control.Threads[thread];
        TimeSpan? used = ThreadLook.RunTimeOf(Pid, before.Tid);
        if (!before.Resting || !Await(() => ThreadLook.RunTimeOf(Pid, before.Tid) > used + TimeSpan.FromMilliseconds(1))) return false;
        ControlThread after = Control.Threads[thread];
        return after.Resting && after.Calls == before.Calls;
    }

    /// <summary>What each thread has done so far: calls where it says so, else rounds.</summary>
    public long[] Work() => [.. Control.Threads.Select(thread => thread.Calls + thread.Rounds)];

    /// <summary>Ends it; no result may ever have been wrong.</summary>
    public void AssertRight()
    {
        AssertAlive("at the end");
        Assert.Equal(0, Control.WrongResults);
        Control.Work = 0;
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
