using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Patching;

namespace Calltap.Litmus;

/// <summary>
/// What a core may do when nobody serialises it between two passes: execute an instruction made of an old head and a new tail, or the
/// other way round. It does so for some hundred nanoseconds after a store; the engine's passes are a system call apart.
/// </summary>
[Collection(LitmusTests.Name)]
public sealed class CoreSyncTests(ITestOutputHelper output)
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>The passes as plain stores, one behind the other: what the sync between them is for.</summary>
    [Fact]
    public void Passes_without_a_sync_are_caught_where_nothing_else_separates_them()
    {
        if (Environment.ProcessorCount < 2) Assert.Skip("needs two CPUs: one to write, one to execute");
        using var control = ControlFile.Create(threads: 1);
        using SpawnedProgram program = SpawnedProgram.Start(HammerProgram.Build("crossing"), control.Path);
        control.WaitUntilReady(s_patience);
        Changes left = Change(control, LiveTest.Repeat(1_000_000, 20_000_000), sync: false);
        output.WriteLine($"no sync: {left}");
        if (left.Mixed == 0) Assert.Skip($"{LitmusOutcome.NotObservable} on this CPU: {left}");
        Changes whole = Change(control, Math.Max(LiveTest.Repeat(20_000, 1_000_000), 4 * left.Count), sync: true);
        output.WriteLine($"sync: {whole}");
        Assert.Equal(0, whole.Mixed);
        Assert.True(whole.Met > 0 && whole.Calls > 0, $"inconclusive: {whole}");
        control.Stop();
        Assert.Equal(0, program.WaitForExit(s_patience));
    }

    /// <summary>The engine's own windows.</summary>
    [Fact]
    public void Windows_without_a_sync_are_caught_or_the_figures_are_told()
    {
        LitmusResult left = LitmusRun.Run(LitmusCase.Crossing, BrokenRules.NoSync, LiveTest.Repeat(100, 2000));
        if (left.Outcome == LitmusOutcome.Held) left = left with { Outcome = LitmusOutcome.NotObservable };
        output.WriteLine($"{BrokenRules.NoSync}: {left}");
        if (left.Outcome == LitmusOutcome.NotObservable) Assert.Skip($"not observable on this CPU: {left}");
        Assert.True(left.Outcome == LitmusOutcome.Caught, $"{BrokenRules.NoSync}: {left}");
        LitmusResult whole = LitmusRun.Run(LitmusCase.Crossing, BrokenRules.None, 4 * left.Windows);
        Assert.True(whole.Outcome == LitmusOutcome.Held, $"{BrokenRules.None}: {whole}");
    }

    static Changes Change(ControlFile control, long count, bool sync)
    {
        control.Run(1, s_patience, count, sync ? 1 : 0);
        return new Changes(control.Result(0), control.Result(1), control.Result(2), control.Result(3), control.Result(4));
    }

    /// <summary>What the program saw.</summary>
    sealed record Changes(long Count, long Calls, long Met, long OldHeads, long NewHeads)
    {
        public long Mixed => OldHeads + NewHeads;

        public override string ToString() =>
            $"{Count} changes, {Calls} calls, {Met} breakpoints met; {OldHeads} old heads with a new tail, {NewHeads} new heads with an old tail";
    }
}
