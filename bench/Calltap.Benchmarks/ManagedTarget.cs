using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace Calltap.Benchmarks;

/// <summary>
/// The benchmarks' target in .NET: this program itself, started with a control file (control.h). It times the calls of one method, as the native target does its leaf's.
/// </summary>
static class ManagedTarget
{
    /// <summary>The word by which this program knows that it is the target.</summary>
    public const string Word = "managed-target";

    /// <summary>The method's name, for filters.</summary>
    public const string LeafMethod = "Calltap.Benchmarks.ManagedTarget.Leaf";

    /// <summary>The one whose exit no jump fits at.</summary>
    public const string BehindMethod = "Calltap.Benchmarks.ManagedTarget.Behind";

    const int BatchCalls = 1000;
    const int Ready = 16, Threads = 24, Command = 32, Done = 36, Kind = 40, Stop = 44, Argument = 48, TscHz = 80, Counts = 96, Results = 128, CountsAt = 16384;
    const ulong Magic = 0x31304c5443544143;

    static long s_sum;

    /// <summary>Serves commands until told to stop, or for two hours at most.</summary>
    public static int Run(string path)
    {
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using MemoryMappedViewAccessor page = file.CreateViewAccessor();
        page.Write(12, Environment.ProcessId);
        page.Write(Threads, 1);
        page.Write(TscHz, 1_000_000_000L); // its times are of the system's clock
        page.Write(Counts, (long)CountsAt);
        page.Write(0, Magic);
        Batches(16, behind: false); // compiled, and its pages are there
        Batches(16, behind: true);
        page.Write(Ready, 1);
        var life = Stopwatch.StartNew();
        for (int last = 0; page.ReadInt32(Stop) == 0 && life.Elapsed.TotalHours < 2;)
        {
            int command = page.ReadInt32(Command);
            if (command == last)
            {
                Thread.Sleep(1);
                continue;
            }
            last = command;
            Answer(page, Batches((int)page.ReadInt64(Argument), page.ReadInt32(Kind) == (int)BenchCommand.Behind));
            page.Write(Done, command);
        }
        return 0;
    }

    static void Answer(MemoryMappedViewAccessor page, double[] times)
    {
        double[] sorted = [.. times.Order()];
        page.Write(Results, (long)(sorted[sorted.Length / 2] * 1000)); // thousandths
        page.Write(Results + 16, (long)sorted.Length * BatchCalls);
        page.Write(Results + 24, (long)sorted.Length);
        page.Write(Results + 32, (long)(sorted[0] * 1000));
        page.Write(Results + 48, (long)(times.Sum() * BatchCalls)); // one thread, which does nothing else
    }

    /// <summary>Nanoseconds a call, of each batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static double[] Batches(int count, bool behind)
    {
        var times = new double[count];
        long sum = s_sum;
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            if (behind) for (int n = 0; n < BatchCalls; n++) sum = Behind(sum, n);
            else for (int n = 0; n < BatchCalls; n++) sum = Leaf(sum, n);
            times[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / BatchCalls;
        }
        s_sum = sum;
        return times;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static long Behind(long sum, long n) => Leaf(sum, n) + 1;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static long Leaf(long sum, long n) => ((sum << 5) ^ (n * 31)) + sum;
}
