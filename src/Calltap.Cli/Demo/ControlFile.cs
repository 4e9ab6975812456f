using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace Calltap.Cli.Demo;

/// <summary>
/// The tester's side of the page through which a test program is commanded and asked (control.h has the layout and the rules).
/// </summary>
/// <remarks>Not thread-safe: one tester per file. Reads may see values that are a little old.</remarks>
public sealed class ControlFile : IDisposable
{
    const ulong Magic = 0x31304c5443544143; // "CATCTL01"
    const int ThreadsAt = 1024, ThreadBytes = 128, CountsAt = 16384;

    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _view;

    ControlFile(string path, long size)
    {
        Path = path;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, size);
        _view = _file.CreateViewAccessor(0, size);
    }

    /// <summary>The file's path, to be given to the program.</summary>
    public string Path { get; }

    /// <summary>The program's process id.</summary>
    public Pid Pid => new(Read32(12));

    /// <summary>Whether the program is up: all threads run or wait for their first phase.</summary>
    public bool IsReady => _view.ReadUInt64(0) == Magic && Read32(16) == 1;

    /// <summary>Whether a phase is running.</summary>
    public bool IsInPhase => Read32(20) == 2;

    /// <summary>How many threads the program has, besides its main thread.</summary>
    public int ThreadCount => Read32(24);

    /// <summary>How many functions have a column in the count matrix.</summary>
    public int FunctionCount => Read32(28);

    /// <summary>Ticks of the TSC per second, as the program measured it.</summary>
    public long TscHz => _view.ReadInt64(80);

    /// <summary>Phases finished.</summary>
    public long Phases => _view.ReadInt64(88);

    /// <summary>Untraced work between two calls, in about nanoseconds.</summary>
    public ulong Work
    {
        get => _view.ReadUInt64(64);
        set => _view.Write(64, value);
    }

    /// <summary>What each thread says about itself.</summary>
    public IReadOnlyList<ControlThread> Threads => [.. Enumerable.Range(0, ThreadCount).Select(Thread)];

    /// <summary>Results that were wrong, over all threads. Anything but 0 means that a call was sent to the wrong place.</summary>
    public long WrongResults => Threads.Sum(t => t.Wrong);

    /// <summary>The longest gap of any thread since the last reset, run delay taken off.</summary>
    public TimeSpan LongestGap => Threads.Max(t => t.LongestGap);

    /// <summary>Makes the file, empty.</summary>
    /// <param name="directory">Where; /dev/shm when null, since on a disk's file the program would stall for write-back.</param>
    /// <param name="threads">Threads of the count matrix.</param>
    /// <param name="functions">Functions of the count matrix, 0 for none.</param>
    public static ControlFile Create(string? directory = null, int threads = 0, int functions = 0)
    {
        directory ??= Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath();
        var path = System.IO.Path.Combine(directory, $"calltap-control-{Environment.ProcessId}-{Guid.NewGuid():N}");
        return new ControlFile(path, CountsAt + (long)threads * functions * sizeof(ulong));
    }

    /// <summary>A result word of the last command.</summary>
    /// <param name="index">Its number, below 32; what it means is the program's own.</param>
    public long Result(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, 32u, nameof(index));
        return _view.ReadInt64(128 + index * sizeof(long));
    }

    /// <summary>Calls so far of each function by one thread.</summary>
    /// <param name="thread">The thread's index.</param>
    public long[] Counts(int thread)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)thread, (uint)ThreadCount, nameof(thread));
        var counts = new long[FunctionCount];
        _view.ReadArray(CountsAt + (long)thread * counts.Length * sizeof(long), counts, 0, counts.Length);
        return counts;
    }

    /// <summary>Gives a command and returns at once. Pairs with control_next.</summary>
    /// <param name="kind">What to do.</param>
    /// <param name="arguments">Up to two arguments.</param>
    public void Post(int kind, params ReadOnlySpan<long> arguments)
    {
        _view.Write(40, kind);
        for (var i = 0; i < arguments.Length; i++)
            _view.Write(48 + i * sizeof(long), arguments[i]);
        System.Threading.Thread.MemoryBarrier(); // C2
        _view.Write(32, Read32(32) + 1);
    }

    /// <summary>Whether the last command is finished and its results are in place. Pairs with control_answer.</summary>
    public bool IsDone => Read32(32) == Read32(36);

    /// <summary>Gives a command and waits until it is finished.</summary>
    /// <param name="kind">What to do.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="arguments">Up to two arguments.</param>
    /// <exception cref="TimeoutException">The program did not finish in time, or has ended.</exception>
    public void Run(int kind, TimeSpan timeout, params ReadOnlySpan<long> arguments)
    {
        Post(kind, arguments);
        WaitFor(() => IsDone, timeout, $"command {kind}");
    }

    /// <summary>Waits until the program is up.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="TimeoutException">It is not up in time.</exception>
    public void WaitUntilReady(TimeSpan timeout) => WaitFor(() => IsReady, timeout, "the program to be ready");

    /// <summary>Starts the gap measurement afresh and waits until every thread has taken notice.</summary>
    /// <param name="timeout">How long to wait; in a program that waits between phases the threads notice in the next one.</param>
    /// <exception cref="TimeoutException">A thread did not notice in time.</exception>
    public void ResetGaps(TimeSpan timeout)
    {
        var epoch = PostGapReset();
        WaitFor(() => Enumerable.Range(0, ThreadCount).All(i => ReadThread(i, 72) == epoch), timeout, "the gap reset");
    }

    /// <summary>Starts the gap measurement afresh from each thread's next check, and does not wait.</summary>
    /// <returns>The number of this reset.</returns>
    public long PostGapReset()
    {
        var epoch = _view.ReadInt64(72) + 1;
        _view.Write(72, epoch);
        return epoch;
    }

    /// <summary>Tells the program to end; its exit code is 0 when no result was wrong.</summary>
    public void Stop() => _view.Write(44, 1);

    /// <summary>Unmaps and deletes the file.</summary>
    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
        File.Delete(Path);
    }

    ControlThread Thread(int index) => new(
        new Tid((int)ReadThread(index, 0)),
        ReadThread(index, 8),
        ReadThread(index, 16),
        (ulong)ReadThread(index, 24),
        ReadThread(index, 32),
        Nanoseconds(ReadThread(index, 40)),
        Nanoseconds(ReadThread(index, 48)),
        Nanoseconds(ReadThread(index, 56)),
        ReadThread(index, 64),
        new TscTime((ulong)ReadThread(index, 80)),
        Nanoseconds(ReadThread(index, 88)),
        ReadThread(index, 96) == 1);

    static TimeSpan Nanoseconds(long value) => TimeSpan.FromTicks(value / 100);

    static void WaitFor(Func<bool> condition, TimeSpan timeout, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(since) > timeout)
                throw new TimeoutException($"waited {timeout.TotalSeconds:0.#} s for {what}");
            System.Threading.Thread.Sleep(1);
        }
    }

    int Read32(long at) => _view.ReadInt32(at);

    long ReadThread(int index, int field) => _view.ReadInt64(ThreadsAt + (long)index * ThreadBytes + field);
}
