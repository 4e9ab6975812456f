using System.Diagnostics;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>
/// One recording of the benchmark target, from attaching to a finished trace file: the drain runs, the file is written.
/// </summary>
sealed class RecordedRun : IDisposable
{
    static readonly TimeSpan s_drainTime = TimeSpan.FromSeconds(10);

    readonly string _path = Path.Combine(Path.GetTempPath(), $"calltap-bench-{Environment.ProcessId}.trace");
    readonly FileStream _file;
    readonly TraceSession _session;
    readonly Recorder _recorder;

    RecordedRun(TraceSession session)
    {
        _session = session;
        _file = new FileStream(_path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        _recorder = new Recorder(session, _file, new RecordOptions { MaxSize = new ByteSize(8L << 30), Scope = "benchmark" });
    }

    /// <summary>Told when a window is about to open (true) and when it has closed (false).</summary>
    public Action<bool> WindowOpens
    {
        set => _session.WindowOpens = value;
    }

    /// <summary>How far the drain is.</summary>
    public RecordProgress Progress => _recorder.Progress;

    /// <summary>Attaches and starts to drain; nothing is armed.</summary>
    public static RecordedRun Start(Pid pid, ArmingChoice? choice = null) => new((choice ?? new()).Attach(pid));

    /// <summary>An op that records entries and exits of the functions that a glob names.</summary>
    public static Op Graph(string glob) => Op.Parse($"graph:{glob}", FunctionFilter.All);

    /// <summary>Arms.</summary>
    public ArmReport Arm(Op op) => _recorder.Add([op]);

    /// <summary>Disarms, and finishes the file.</summary>
    public ArmReport Stop() => _recorder.Stop() ?? throw new InvalidOperationException("the target has ended");

    /// <summary>Waits until the drain has taken every event of the calls made so far.</summary>
    /// <returns>Whether it did, with nothing lost.</returns>
    public bool Drained(long calls)
    {
        long start = Stopwatch.GetTimestamp();
        while (Progress.Events < 2 * calls)
        {
            if (Progress.LostEntries + Progress.LostExits > 0 || Stopwatch.GetElapsedTime(start) > s_drainTime) return false;
            Thread.Sleep(1);
        }
        return true;
    }

    /// <summary>Reads the finished file.</summary>
    public TraceReport Report()
    {
        using TraceReader reader = TraceReader.Open(_file, _path);
        return ReportBuilder.Build(reader);
    }

    /// <summary>Bytes in the file.</summary>
    public long FileBytes => _file.Length;

    /// <inheritdoc/>
    public void Dispose()
    {
        _recorder.Dispose();
        _session.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }
}
