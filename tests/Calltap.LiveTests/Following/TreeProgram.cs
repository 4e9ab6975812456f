using System.IO.MemoryMappedFiles;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.LiveTests.Following;

/// <summary>The program of targets/tree.c with its tally, which every process of the tree adds to.</summary>
sealed class TreeProgram : IDisposable
{
    const int GoAt = 32, ReadyAt = 48, DoneAt = 56, InterruptedAt = 64;

    readonly ScratchFolder _folder = new();
    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _tally;
    SpawnedProgram? _running;

    public TreeProgram()
    {
        TallyPath = _folder.File("tally");
        File.WriteAllBytes(TallyPath, new byte[4096]);
        _file = MemoryMappedFile.CreateFromFile(TallyPath, FileMode.Open);
        _tally = _file.CreateViewAccessor();
    }

    public static string Path { get; } = ProgramBuild.Usual.Program("tree");

    /// <summary>Trace files and the like.</summary>
    public ScratchFolder Folder => _folder;

    public string TallyPath { get; }

    public long Leafs => _tally.ReadInt64(0);

    public long Roots => _tally.ReadInt64(8);

    /// <summary>Programs that ran: processes, and once more for each exec.</summary>
    public long Programs => _tally.ReadInt64(16);

    public long Wrong => _tally.ReadInt64(24);

    /// <summary>Waits of the root that a signal ended which it ignores.</summary>
    public long Interrupted => _tally.ReadInt64(InterruptedAt);

    /// <summary>Whether the root is through with its rounds.</summary>
    public bool IsDone => _tally.ReadInt64(DoneAt) != 0;

    public bool IsRunning => _running!.IsRunning;

    /// <summary>
    /// Runs it: it waits until it is told to begin, with a first child that calls all the time from then on. A shell stands between: the end of a child of this process
    /// would be told to the tracer alone, which is the same process.
    /// </summary>
    /// <param name="rounds">What each thread of the root does.</param>
    /// <param name="mode">Whether it is stopped and continued; "quiet": no signal is sent to it.</param>
    public Pid Start(int rounds, string mode = "wait")
    {
        _running = SpawnedProgram.Start("sh", "-c", "\"$@\"; exit $?", "sh", Path, TallyPath, $"{rounds}", mode);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => _tally.ReadInt64(ReadyAt) != 0), _running.Output);
        return new Pid(ProcFiles.Children(_running.Pid, new Tid(_running.Pid.Value)).Single().Value);
    }

    public void Go() => _tally.Write(GoAt, 1L);

    /// <summary>Its end comes by itself, and everything was right.</summary>
    public void AssertRight()
    {
        if (_running is not null)
        {
            int? code = _running.Wait(EngineTests.Patience);
            Assert.True(code == 0, $"exit code {code}: {_running.Output}");
        }
        Assert.True(Wrong == 0, $"{Wrong} wrong: {_running?.Output}");
        Assert.InRange(Interrupted, 0, 1); // the first such signal may be taken by another thread than it wakes
        Assert.True(IsDone);
    }

    public void Dispose()
    {
        _tally.Write(GoAt, 1L); // and stop: the first child ends
        _tally.Write(40, 1L);
        _running?.Dispose();
        _tally.Dispose();
        _file.Dispose();
        _folder.Dispose();
    }
}
