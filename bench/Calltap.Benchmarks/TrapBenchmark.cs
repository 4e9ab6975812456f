using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.Benchmarks;

/// <summary>The price of a breakpoint under each policy, by guard and by trap handler, and what each means for arming.</summary>
static class TrapBenchmark
{
    const long Endless = 1L << 40;

    static readonly TimeSpan s_dwell = TimeSpan.FromMilliseconds(300);

    /// <summary>Measures every policy, each with <paramref name="rounds"/> rounds of arming.</summary>
    public static IReadOnlyList<TrapCost> Run(int rounds) =>
    [
        Measure(Int3Policy.Site, false, rounds), Measure(Int3Policy.Caller, false, rounds), Measure(Int3Policy.Park, false, rounds),
        Measure(Int3Policy.Site, true, rounds), Measure(Int3Policy.Caller, true, rounds),
    ];

    static TrapCost Measure(Int3Policy int3, bool inTarget, int rounds)
    {
        (long traps, TimeSpan stood) = Hammer(int3, inTarget);
        return new TrapCost(int3, inTarget, traps, stood, ArmingBenchmark.Run(rounds, int3, inTarget));
    }

    /// <summary>Two threads call one function while its breakpoint stands.</summary>
    static (long Traps, TimeSpan Stood) Hammer(Int3Policy int3, bool inTarget)
    {
        using BenchProcess process = BenchProcess.Start(TrapCost.Threads);
        using TraceSession session = TraceSession.Attach(process.Pid, new SessionOptions { Int3 = int3 });
        (session.AnswersInTarget, session.Dwell) = (inTarget, s_dwell);
        process.Control.Post((int)BenchCommand.Count, Endless);
        BatchResult batch = session.Add(Op.Parse($"count:{BenchTarget.SharedFunction}", FunctionFilter.All)).Batch;
        return (batch.Traps.Hits + batch.Traps.AnsweredInTarget, batch.Time);
    }
}
