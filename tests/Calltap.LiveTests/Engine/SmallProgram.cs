using System.Globalization;
using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Engine;

/// <summary>A program of one C file in targets/ that has a control page.</summary>
sealed class SmallProgram : IDisposable
{
    const UnixFileMode AnyUser = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    readonly SpawnedProgram _program;

    SmallProgram(string path, int threads, int functions, string[] by)
    {
        Control = ControlFile.Create(threads: threads, functions: functions);
        if (by.Length > 0 && !OperatingSystem.IsWindows()) File.SetUnixFileMode(Control.Path, AnyUser); // who is to run it may be another user
        string[] command = [.. by, path, Control.Path, $"{threads}"];
        _program = SpawnedProgram.Start(command[0], command[1..]);
        try
        {
            Control.WaitUntilReady(EngineTests.Patience);
            Pid = by.Length > 0 ? Below(_program.Pid) : _program.Pid; // now: later it may have children of its own
        }
        catch (TimeoutException e)
        {
            string said = $"{e.Message}: {_program.Wait(TimeSpan.Zero)} {Output}";
            Dispose();
            throw new TimeoutException(said, e);
        }
    }

    /// <summary>Its page.</summary>
    public ControlFile Control { get; }

    /// <summary>Its pid here, also when another command has started it.</summary>
    public Pid Pid { get; }

    public bool IsRunning => _program.IsRunning;

    public string Output => _program.Output;

    public static SmallProgram Start(string name, int threads, int functions = 0, ProgramBuild? build = null) =>
        new((build ?? ProgramBuild.Usual).Program(name, "control.h"), threads, functions, []);

    /// <summary>The same by another command, which executes it or starts it as its only child; <paramref name="path"/> is the program or a copy of it.</summary>
    public static SmallProgram StartBy(string[] by, string path, int threads) => new(path, threads, 1, by);

    /// <summary>Compiles it.</summary>
    public static string Build(string name) => ProgramBuild.Usual.Program(name, "control.h");

    /// <summary>Runs command 1.</summary>
    public void Run(long argument) => Control.Run(1, EngineTests.Patience, argument);

    /// <summary>Runs a command; the first result word.</summary>
    public long Command(int kind, params ReadOnlySpan<long> arguments)
    {
        Control.Run(kind, EngineTests.Patience, arguments);
        return Control.Result(0);
    }

    public TraceSession Attach() => TraceSession.Attach(Pid, new SessionOptions());

    /// <summary>Sum of a column of the count matrix over all threads.</summary>
    public long Counted(int column) => Enumerable.Range(0, Control.ThreadCount).Sum(t => Control.Counts(t)[column]);

    /// <summary>That it has not ended.</summary>
    public void AssertAlive(string when) => Assert.True(IsRunning, $"{when} the program had ended: {_program.Wait(TimeSpan.Zero)} {Output}");

    /// <summary>Something that needs it alive; when it has ended instead, what it said is told.</summary>
    public T Alive<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e)
        {
            // No filter: that would run before the tracer is disposed, whose hold on a thread keeps the program from ending. The end takes a moment to be told.
            if (_program.Wait(TimeSpan.FromSeconds(5)) is null) throw;
            throw new InvalidOperationException($"the program has ended: {_program.Wait(TimeSpan.Zero)} {Output}", e);
        }
    }

    /// <summary>Waits for its end: the exit code, or 128 and the signal.</summary>
    public int WaitForExit() => _program.WaitForExit(EngineTests.Patience);

    /// <summary>Ends it; no result may ever have been wrong.</summary>
    public void AssertRight()
    {
        AssertAlive("at the end");
        Assert.Equal(0, Control.WrongResults);
        Control.Stop();
        int code = WaitForExit();
        Assert.True(code == 0, $"exit code {code}: {Output}");
    }

    static Pid Below(Pid pid) =>
        File.ReadAllText($"/proc/{pid}/task/{pid}/children").Trim() is { Length: > 0 } child ? Below(new Pid(int.Parse(child, CultureInfo.InvariantCulture))) : pid;

    public void Dispose()
    {
        _program.Dispose();
        Control.Dispose();
    }
}
