using System.Text.Json;

namespace Calltap.Benchmarks;

/// <summary>What a run measured; parts that did not run are null.</summary>
/// <param name="Machine">Where and when.</param>
sealed record BenchReport(BenchMachine Machine)
{
    static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Costs per call.</summary>
    public IReadOnlyList<CallCost>? Calls { get; init; }

    /// <summary>Arming rounds.</summary>
    public IReadOnlyList<ArmingRound>? Arming { get; init; }

    /// <summary>Breakpoints under each policy.</summary>
    public IReadOnlyList<TrapCost>? Traps { get; init; }

    /// <summary>Arming in groups of several sizes.</summary>
    public IReadOnlyList<(ArmingChoice Choice, IReadOnlyList<ArmingRound> Rounds)>? Groups { get; init; }

    /// <summary>Arming by mapping a patched copy.</summary>
    public RemapCost? Remap { get; init; }

    /// <summary>Call rates.</summary>
    public IReadOnlyList<RateStep>? Rate { get; init; }

    /// <summary>Libraries that come.</summary>
    public IReadOnlyList<LoadCost>? Loads { get; init; }

    /// <summary>What the analysis of a file takes.</summary>
    public AnalysisCost? Analysis { get; init; }

    /// <summary>Writes the figures for programs.</summary>
    public void WriteJson(string path) => File.WriteAllText(path, JsonSerializer.Serialize(
        new { Machine, Calls = Calls?.Select(Figures), Arming = Arming?.Select(Figures), Traps = Traps?.Select(Figures), Groups = Groups?.Select(g => new { g.Choice.GroupSize, g.Choice.ByTracer, Rounds = g.Rounds.Select(Figures) }), Remap, Rate, Loads, Analysis }, s_json));

    static object Figures(CallCost cost) => new
    {
        cost.Work.Name,
        OffNs = Medians.Of(cost.Off.Select(s => s.Ns)),
        OnNs = Medians.Of(cost.On.Select(s => s.Ns)),
        CostNs = cost.Ns,
        LeastNs = cost.Range.Least,
        MostNs = cost.Range.Most,
        CpuCostNs = cost.CpuNs,
        cost.RdtscPairNs,
        cost.Ratio,
        Calls = cost.On.Sum(s => s.Calls),
        Lost = cost.On.Sum(s => s.Lost),
        cost.Exact,
        cost.Passes,
    };

    static object Figures(TrapCost cost) => new
    {
        Int3 = $"{cost.Choice.Int3}",
        cost.Choice.AnsweredBy,
        cost.Traps,
        StoodMs = cost.Stood.TotalMilliseconds,
        UsPerTrap = cost.MicrosecondsPerTrap,
        Arming = cost.Arming.Select(Figures),
    };

    static object Figures(ArmingRound round) => new
    {
        AttachMs = round.Attach.TotalMilliseconds,
        AddMs = round.Add.TotalMilliseconds,
        round.Armed.Armed,
        Sites = round.Armed.Batch.Poked,
        TimeMs = round.Armed.Batch.Time.TotalMilliseconds,
        WindowMs = round.Armed.Batch.Window.TotalMilliseconds,
        Steps = round.Armed.Batch.Steps.ToDictionary(s => s.Step, s => s.Time.TotalMilliseconds),
        round.Armed.Batch.Traps,
        ArmStallUs = round.ArmStall.TotalMicroseconds,
        QuietStallUs = round.QuietStall.TotalMicroseconds,
        StopMs = round.Stop.TotalMilliseconds,
        DisarmMs = round.Disarmed.Batch.Time.TotalMilliseconds,
        DisarmTraps = round.Disarmed.Batch.Traps,
        DisarmStallUs = round.DisarmStall.TotalMicroseconds,
        round.TextRestored,
        round.Complete,
    };
}
