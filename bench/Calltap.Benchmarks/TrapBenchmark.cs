using Calltap.Native;
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
        .. new ArmingChoice[]
        {
            new(Int3Policy.Site), new(Int3Policy.Caller), new(Int3Policy.Park), new(Int3Policy.Site, InTarget: true),
            new(Int3Policy.Site, WithoutPtrace: true), new(Int3Policy.Caller, WithoutPtrace: true),
        }.Select(choice => Measure(choice, rounds)),
    ];

    static TrapCost Measure(ArmingChoice choice, int rounds)
    {
        (long traps, TimeSpan stood) = Hammer(choice);
        return new TrapCost(choice, traps, stood, ArmingBenchmark.Run(rounds, choice));
    }

    /// <summary>Two threads call one function while its breakpoint stands.</summary>
    static (long Traps, TimeSpan Stood) Hammer(ArmingChoice choice)
    {
        using BenchProcess process = BenchProcess.Start(TrapCost.Threads);
        using TraceSession session = choice.Attach(process.Pid);
        session.StepDone = step => Clock.Sleep(step == "pass 1" ? s_dwell : default);
        process.Control.Post((int)BenchCommand.Count, Endless);
        BatchResult batch = session.Add(Op.Parse($"count:{BenchTarget.SharedFunction}", FunctionFilter.All)).Batch;
        return (batch.Traps.Hits + batch.Traps.AnsweredInTarget, batch.Time);
    }
}
