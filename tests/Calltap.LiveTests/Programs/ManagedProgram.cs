using System.Globalization;
using System.IO.MemoryMappedFiles;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.Target;

namespace Calltap.LiveTests.Programs;

/// <summary>The .NET program of targets/managed at work, with its own count of calls by method; targets/managed/Control.cs has the other side.</summary>
sealed class ManagedProgram : IDisposable
{
    const int CommandAt = 0, ReadyAt = 8, PausedAt = 16, WrongAt = 24, RoundsAt = 32, LateAt = 40, FileSize = 65536;
    const long Run = 0, Paused = 1, End = 2;

    static readonly TimeSpan s_patience = EngineTests.Patience;

    readonly ScratchFolder _folder = new();
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _words;
    readonly SpawnedProgram _program;

    ManagedProgram(IReadOnlyList<string> command, ManagedOptions options)
    {
        string path = _folder.File("control");
        File.WriteAllBytes(path, new byte[FileSize]);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        _words = _file.CreateViewAccessor();
        CountsPath = $"{path}.counts";
        // env becomes the program: it has the same process id.
        _program = SpawnedProgram.Start("/usr/bin/env", [.. options.Environment, .. options.Through, .. command, path, $"{options.Threads}", .. options.Kinds]);
    }

    public Pid Pid => _program.Pid;

    public bool IsRunning => _program.IsRunning;

    public string Output => _program.Output;

    /// <summary>Results that were not right.</summary>
    public long Wrong => _words.ReadInt64(WrongAt);

    /// <summary>How often its threads have done one of their kinds.</summary>
    public long Rounds => _words.ReadInt64(RoundsAt);

    string CountsPath { get; }

    /// <summary>Starts it and waits until each thread has done all of its kinds once.</summary>
    /// <param name="build">For which framework; null for that of the installed runtime.</param>
    /// <param name="options">What it does; null for all with 8 threads.</param>
    public static ManagedProgram Start(ManagedBuild? build = null, ManagedOptions? options = null)
    {
        var program = new ManagedProgram((build ?? ManagedBuild.Usual).Command, options ?? new ManagedOptions());
        try
        {
            program.Await("be ready", () => program._words.ReadInt64(ReadyAt) != 0);
            return program;
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }

    /// <summary>Holds all threads outside of counted methods until <see cref="Resume"/>.</summary>
    /// <param name="meanwhile">Done until they are: a session must follow what they still compile.</param>
    /// <returns>The exact counts by name, such as <c>Managed.Plain.Add</c>; 0 for those that were not called.</returns>
    public IReadOnlyDictionary<string, ManagedCalls> Pause(Action? meanwhile = null)
    {
        _words.Write(CommandAt, Paused);
        Await("pause", () =>
        {
            meanwhile?.Invoke();
            return _words.ReadInt64(PausedAt) != 0;
        });
        return File.ReadLines(CountsPath).Select(line => line.Split(' ')).ToDictionary(words => words[0], words => new ManagedCalls(Number(words[1]), Number(words[2])));
    }

    /// <summary>Lets the threads go on.</summary>
    /// <param name="meanwhile">See <see cref="Pause"/>.</param>
    public void Resume(Action? meanwhile = null)
    {
        _words.Write(CommandAt, Run);
        Await("go on", () =>
        {
            meanwhile?.Invoke();
            return _words.ReadInt64(PausedAt) == 0;
        });
    }

    /// <summary>From now on the 200 methods of <c>Managed.Late</c> are called, where that kind was chosen.</summary>
    public void BeginLate() => _words.Write(LateAt, 1L);

    /// <summary>Sends a signal.</summary>
    public void Send(int signal) => _program.Send(signal);

    /// <summary>It must not have ended.</summary>
    public void AssertRuns() => Assert.True(IsRunning, $"exit code {_program.Wait(TimeSpan.Zero)}: {Output}");

    /// <summary>Ends it; no result may ever have been wrong.</summary>
    public void AssertRight()
    {
        _words.Write(CommandAt, End);
        int? code = _program.Wait(s_patience);
        Assert.True(code == 0, $"exit code {code}: {Output}");
        Assert.True(Wrong == 0, $"{Wrong} wrong: {Output}");
    }

    public void Dispose()
    {
        _program.Dispose();
        _words.Dispose();
        _file.Dispose();
        _folder.Dispose();
    }

    void Await(string what, Func<bool> isDone)
    {
        bool isInTime = Deadline.In(s_patience).Poll(() => isDone() || !_program.IsRunning);
        Assert.True(isInTime && isDone(), $"the program did not {what}; exit code {_program.Wait(TimeSpan.Zero)}: {Output}");
    }

    static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
