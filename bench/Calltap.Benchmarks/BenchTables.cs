using System.Globalization;
using Calltap.Patching;

namespace Calltap.Benchmarks;

/// <summary>The figures for people: Markdown tables, so that a run's output is a results file.</summary>
sealed class BenchTables(TextWriter output)
{
    /// <summary>Prints whatever was measured.</summary>
    public void Write(BenchReport report)
    {
        Line($"{report.Machine}");
        if (report.Calls is { } calls) Calls(calls);
        if (report.Arming is { } arming) Arming(arming);
        if (report.Traps is { } traps) Traps(traps);
        if (report.Groups is { } groups) Groups(groups);
        if (report.Remap is { } remap) Remap(remap);
        if (report.Rate is { } rate) Rate(rate);
        if (report.Loads is { } loads) Loads(loads);
        if (report.Analysis is { } analysis) Analysis(analysis);
    }

    void Loads(IReadOnlyList<LoadCost> costs)
    {
        Line($"");
        Line($"From dlopen's return to the first recorded call of a library that comes while a session records, ms, median (least to most).");
        Line($"");
        Line($"| library | busy threads | loads | noticed | armed | **first call** | collector | steps, medians |");
        Line($"| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (LoadCost c in costs)
            Line($"| {c.Library} | {c.BusyThreads} | {c.Rounds.Count} | {Span(c, r => r.Noticed)} | {Span(c, r => r.Armed)} | {Span(c, r => r.FirstCall)} | {Span(c, r => r.Collected)} | {Steps(c)} |");
    }

    static string Span(LoadCost cost, Func<LoadRound, double> time) =>
        string.Create(CultureInfo.InvariantCulture, $"{Medians.Of(cost.Rounds.Select(time)):F1} ({cost.Rounds.Min(time):F1} to {cost.Rounds.Max(time):F1})");

    static string Steps(LoadCost cost) => string.Join(", ", cost.Rounds.SelectMany(r => r.Steps).GroupBy(s => s.Step)
        .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {Medians.OfMs(s.Select(step => step.Time)):F2}")));

    void Analysis(AnalysisCost cost)
    {
        Line($"");
        Line($"Reading and analysing {cost.Path}: {cost.Functions:N0} functions, {cost.FullCache.Count} rounds, ms.");
        Line($"");
        Line($"| cache | median | least | most |");
        Line($"| --- | ---: | ---: | ---: |");
        AnalysisRow("none", cost.WithoutCache);
        AnalysisRow("empty, and filled", cost.EmptyCache);
        AnalysisRow("full", cost.FullCache);
    }

    void AnalysisRow(string cache, IReadOnlyList<TimeSpan> times) =>
        Line($"| {cache} | {Medians.OfMs(times):F0} | {times.Min().TotalMilliseconds:F0} | {times.Max().TotalMilliseconds:F0} |");

    void Calls(IReadOnlyList<CallCost> costs)
    {
        Line($"");
        Line($"Cost of a call: armed less off, medians of {costs[0].On.Count} rounds, each off and then armed, two rdtsc = {costs[0].RdtscPairNs:F1} ns beside them.");
        Line($"Recording: drain and file on, in bursts that fit the rings (262,144 events a thread), every call found in the trace. CPU: of the target's threads.");
        Line($"");
        Line($"| call | off ns | armed ns | cost ns | rounds | CPU ns | x two rdtsc | calls | lost | exact | bar |");
        Line($"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |");
        foreach (CallCost c in costs)
            Line($"| {c.Work.Name} | {Medians.Of(c.Off.Select(s => s.Ns)):F1} | {Medians.Of(c.On.Select(s => s.Ns)):F1} | {c.Ns:F1} | {c.Range.Least:F1} to {c.Range.Most:F1} | {c.CpuNs:F1} | {c.Ratio:F2} | {c.On.Sum(s => s.Calls):N0} | {c.On.Sum(s => s.Lost)} | {(c.Exact ? "yes" : "NO")} | {Bar(c)} |");
    }

    static string Bar(CallCost cost)
    {
        string bar = cost.Work.BarNs > 0 ? $"{cost.Work.BarNs} ns" : $"{cost.Work.BarRdtsc.ToString(CultureInfo.InvariantCulture)} x two rdtsc";
        return cost.Passes switch { null => "", true => $"{bar}: met", false => $"{bar}: MISSED" };
    }

    void Arming(IReadOnlyList<ArmingRound> rounds)
    {
        BatchResult batch = rounds[0].Armed.Batch;
        Line($"");
        Line($"Arming {rounds[0].Armed.Armed:N0} plain functions, {batch.Poked:N0} sites, under 4 busy threads; {rounds.Count} rounds, each in a fresh process.");
        Line($"All armed, verified, and every byte of the text put back: {(rounds.All(r => r.Complete) ? "yes, in each round" : "NO")}.");
        Line($"");
        Line($"| what | median | least | most |");
        Line($"| --- | ---: | ---: | ---: |");
        Row("**first poke to last, ms** (bar 150)", rounds, r => r.Armed.Batch.Time.TotalMilliseconds);
        Row("window (a tracer attached), ms", rounds, r => r.Armed.Batch.Window.TotalMilliseconds);
        foreach ((string step, _) in batch.Steps) Row($"step {step}, ms", rounds, r => Step(r.Armed.Batch, step));
        Row("adding the op, all in all, ms", rounds, r => r.Add.TotalMilliseconds);
        Row("attaching before it, ms", rounds, r => r.Attach.TotalMilliseconds);
        Row("disarming, first poke to last, ms", rounds, r => r.Disarmed.Batch.Time.TotalMilliseconds);
        Row("disarming and finishing the file, all in all, ms", rounds, r => r.Stop.TotalMilliseconds);
        Row("breakpoints hit while arming", rounds, r => r.Armed.Batch.Traps.Hits);
        Row("emulated", rounds, r => r.Armed.Batch.Traps.Emulated);
        Row("late", rounds, r => r.Armed.Batch.Traps.Late);
        Row("threads moved", rounds, r => r.Armed.Batch.Traps.Moved);
        Row("threads interrupted", rounds, r => r.Armed.Batch.Traps.Interrupted);
        Row("misdirected", rounds, r => r.Armed.Batch.Traps.Misdirected);
        Row("longest stall in the window that arms, us", rounds, r => r.ArmStall.TotalMicroseconds);
        Line($"| the steps in which those ended | {string.Join(", ", rounds.Select(r => $"{r.ArmStallStep} ({r.ArmStall.TotalMicroseconds:N0})"))} | | |");
        Row("longest stall in the window that disarms, us", rounds, r => r.DisarmStall.TotalMicroseconds);
        Row("longest stall in as long a stretch without a window, us", rounds, r => r.QuietStall.TotalMicroseconds);
        Row("longest stall from before the op is added to after it, us", rounds, r => r.AddStall.TotalMicroseconds);
        Row("longest stall in as long a stretch as that, without, us", rounds, r => r.QuietAddStall.TotalMicroseconds);
    }

    void Traps(IReadOnlyList<TrapCost> costs)
    {
        Line($"");
        Line($"A breakpoint under each policy: {TrapCost.Threads} threads that do nothing but meet one; and arming 50,000 functions under 4 busy threads, medians of {costs[0].Arming.Count} rounds.");
        Line($"");
        Line($"| policy | answered by | traps/s | us a trap | arming, first poke to last, ms | traps in it | longest stall, us | worst | exact |");
        Line($"| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (TrapCost c in costs)
            Line($"| {c.Choice.Int3} | {c.Choice.AnsweredBy} | {c.Traps / c.Stood.TotalSeconds:N0} | {c.MicrosecondsPerTrap:N1} | {Medians.Of(c.Arming.Select(r => r.Armed.Batch.Time.TotalMilliseconds)):N1} | {Medians.Of(c.Arming.Select(r => (double)(r.Armed.Batch.Traps.Hits + r.Armed.Batch.Traps.AnsweredInTarget))):N0} | {Medians.Of(c.Arming.Select(r => r.ArmStall.TotalMicroseconds)):N0} | {c.Arming.Max(r => r.ArmStall.TotalMicroseconds):N0} | {(c.Arming.All(r => r.Complete) ? "yes" : "NO")} |");
        Line($"");
        Line($"Without arming, in as long a stretch: longest stall {Medians.Of(costs.SelectMany(c => c.Arming).Select(r => r.QuietStall.TotalMicroseconds)):N0} us (median of all rounds).");
    }

    void Groups(IReadOnlyList<(ArmingChoice Choice, IReadOnlyList<ArmingRound> Rounds)> sizes)
    {
        Line($"");
        Line($"Sites that change together, while 50,000 functions are armed under 4 busy threads; medians of {sizes[0].Rounds.Count} rounds.");
        Line($"");
        Line($"| written by | sites | first poke to last, ms | most | breakpoints hit | longest stall, us | least | most | ended in |");
        Line($"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach ((ArmingChoice choice, IReadOnlyList<ArmingRound> rounds) in sizes)
            Line($"| {(choice.ByTracer ? "tracer" : "helper")} | {(choice.GroupSize == int.MaxValue ? "all" : $"{choice.GroupSize}")} | {Medians.Of(rounds.Select(r => r.Armed.Batch.Time.TotalMilliseconds)):N1} | {rounds.Max(r => r.Armed.Batch.Time.TotalMilliseconds):N1} | {Medians.Of(rounds.Select(r => (double)r.Armed.Batch.Traps.Hits)):N0} | {Medians.Of(rounds.Select(r => r.ArmStall.TotalMicroseconds)):N0} | {rounds.Min(r => r.ArmStall.TotalMicroseconds):N0} | {rounds.Max(r => r.ArmStall.TotalMicroseconds):N0} | {string.Join(", ", rounds.Select(r => r.ArmStallStep))} |");
        Line($"");
        Line($"Without arming, in as long a stretch: longest stall {Medians.Of(sizes.SelectMany(s => s.Rounds).Select(r => r.QuietStall.TotalMicroseconds)):N0} us (median of all rounds).");
    }

    void Remap(RemapCost cost)
    {
        Line($"");
        Line($"A patched copy of the text ({cost.Text}) mapped over it, {cost.Sites:N0} sites of one instruction at a time, {cost.Microseconds.Count} flips 50 ms apart under 4 busy threads:");
        Line($"median {Medians.Of(cost.Microseconds):N0} us, least {cost.Microseconds.Min():N0}, most {cost.Microseconds.Max():N0}; longest stall {cost.Stall.TotalMicroseconds:N0} us. The text is then called {cost.MappedAs}.");
    }

    static double Step(BatchResult batch, string name) =>
        batch.Steps.Where(s => s.Step == name).Sum(s => s.Time.TotalMilliseconds);

    void Row(string what, IReadOnlyList<ArmingRound> rounds, Func<ArmingRound, double> value) =>
        Line($"| {what} | {Medians.Of(rounds.Select(value)):N1} | {rounds.Min(value):N1} | {rounds.Max(value):N1} |");

    void Rate(IReadOnlyList<RateStep> steps)
    {
        Line($"");
        Line($"Highest rate of calls without loss: the leaf, entry and exit, so much work between two calls; lost = 0 must hold in several tries of a second.");
        Line($"");
        Line($"| threads | work, about ns | calls/s | events/s | recorded | lost | recorded + lost = called | file B/event |");
        Line($"| ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |");
        foreach (RateStep s in steps)
            Line($"| {s.Threads} | {s.Work} | {s.CallsPerSecond / 1e6:F2} M | {2 * s.CallsPerSecond / 1e6:F1} M | {s.Recorded:N0} | {s.Lost:N0} | {(s.Exact ? "yes" : "NO")} | {s.EventBytes:F2} |");
    }

    void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
