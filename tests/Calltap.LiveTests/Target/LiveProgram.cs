using System.IO.MemoryMappedFiles;
using Calltap.Native;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

/// <summary>A running test program with the status page it shares with the test (see busy.c). Ended and reaped when disposed.</summary>
internal sealed class LiveProgram : IDisposable
{
    private const int StopOffset = 0;
    private const int ErrorsOffset = 8;
    private const int EintrOffset = 16;
    private const int ReadyOffset = 24;
    private const int ProgressOffset = 32;
    private const int PageBytes = 4096;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _status;
    private bool _reaped;

    private LiveProgram(string program, Func<string, string[]> arguments, long readyAt)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("calltap-status-").FullName, "status");
        File.WriteAllBytes(path, new byte[PageBytes]);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        _status = _file.CreateViewAccessor(0, PageBytes);
        Pid = Spawn.Start(program, [program, .. arguments(path)]).OrThrow("posix_spawn");
        Assert.True(Within(() => _status.ReadInt64(ReadyOffset) >= readyAt), "the program did not start");
    }

    internal Pid Pid { get; }

    internal long Errors => _status.ReadInt64(ErrorsOffset);

    internal long Eintr => _status.ReadInt64(EintrOffset);

    internal static LiveProgram StartBusy(int threads = 4, string variant = "")
    {
        string program = CProgram.Build("busy.c", "-mavx");
        return new LiveProgram(program, status => variant.Length > 0 ? [status, $"{threads}", variant] : [status, $"{threads}"], threads);
    }

    /// <summary>A program of so much memory that its end takes a while.</summary>
    internal static LiveProgram StartLarge(int megabytes) => new(CProgram.Build("large.c"), status => [status, $"{megabytes}"], 1);

    /// <summary>A program whose threads all sleep in <paramref name="kind"/> of call; <paramref name="fifo"/> wakes them.</summary>
    internal static LiveProgram StartSleepy(string kind, string fifo)
    {
        Pid maker = Spawn.Start("/bin/sh", ["sh", "-c", "exec mkfifo \"$1\"", "sh", fifo]).OrThrow("posix_spawn(sh)");
        Wait.ForExitOf(maker, out _).OrThrow("waitid");
        string program = CProgram.Build("sleepy.c");
        LiveProgram live = new(program, status => [status, fifo, kind], 1);
        Assert.True(live.Within(live.AllAsleep), "the program's threads did not fall asleep");
        return live;
    }

    internal long Progress(int thread) => _status.ReadInt64(ProgressOffset + thread * sizeof(long));

    internal bool Within(Func<bool> condition) => Deadline.In(s_patience).Poll(condition);

    /// <summary>That each of the first threads gets on with its work from now on, and has found nothing damaged.</summary>
    internal void AssertWorks(int threads = 4)
    {
        long[] before = [.. Enumerable.Range(0, threads).Select(Progress)];
        Assert.True(Within(() => Enumerable.Range(0, threads).All(i => Progress(i) > before[i] + 2)), "a thread is stuck");
        Assert.Equal(0, Errors);
    }

    /// <summary>Asks the program to end, and does not wait for it.</summary>
    internal void AskToStop() => _status.Write(StopOffset, 1L);

    /// <summary>Asks the program to end; its exit code.</summary>
    internal int Stop()
    {
        AskToStop();
        Wait.ForExitOf(Pid, out siginfo_t report).OrThrow("waitid");
        _reaped = true;
        return report.si_code == Wait.CLD_EXITED ? report.si_status : -report.si_status;
    }

    public void Dispose()
    {
        if (!_reaped)
        {
            Signals.Kill(Pid, Signals.SIGKILL);
            Wait.ForExitOf(Pid, out _);
        }

        _status.Dispose();
        _file.Dispose();
    }

    private bool AllAsleep() =>
        ProcFiles.Threads(Pid).All(tid => ProcFiles.TryReadText(ProcFiles.Thread(Pid, tid, "stat"))?.Contains(") S ", StringComparison.Ordinal) == true);
}
