using System.Diagnostics;
using Calltap.Cli.Demo;

namespace Calltap.LiveTests.Programs;

/// <summary>The oracle must be right before anything is compared with it.</summary>
public sealed class ShapesProgramTests(ITestOutputHelper output)
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Two_runs_have_equal_counts_and_checksums()
    {
        var first = Run(threads: 8, rounds: 4);
        var second = Run(threads: 8, rounds: 4);
        Assert.Equal(8, first.Counts.Count);
        Assert.Equal(first.Checksums, second.Checksums);
        Assert.Equal(8, first.Checksums.Distinct().Count());
        Assert.Equal(first.Counts.Values.Select(Key), second.Counts.Values.Select(Key));
        Assert.All(first.Counts.Values, counts => Assert.Equal(ShapesProgram.FunctionCount, counts.Count));
    }

    [Fact]
    public void Every_function_is_called()
    {
        var run = Run(threads: 8, rounds: 24);
        var never = ShapesProgram.Functions.Where(f => run.Counts.Values.All(counts => counts[f] == 0));
        Assert.Empty(never);
    }

    [Fact]
    public void Phases_add_up_and_stay_right()
    {
        using var control = ShapesProgram.CreateControl();
        using var program = SpawnedProgram.Start(ShapesProgram.Build(BuildCache.Directory), ShapesProgram.LoopArguments(control));
        control.WaitUntilReady(s_patience);
        control.Run(ShapesProgram.RunRounds, s_patience, 16);
        var before = control.Counts(3);
        control.Run(ShapesProgram.RunRounds, s_patience, 16);
        var after = control.Counts(3);
        control.Run(ShapesProgram.RunRounds, s_patience, 16);
        var last = control.Counts(3);

        // Sixteen rounds take each seed once, so that whole phases repeat exactly.
        Assert.Equal(after.Zip(before, (a, b) => a - b), last.Zip(after, (a, b) => a - b));
        Assert.Equal(last.Sum(), control.Threads[3].Calls);
        Assert.Equal(3, control.Phases - 1);
        control.Stop();
        Assert.Equal(0, program.WaitForExit(s_patience));
        Assert.Equal(0, control.WrongResults);
    }

    [Fact]
    public void A_storm_checks_itself_until_it_is_stopped()
    {
        using var control = ShapesProgram.CreateControl();
        using var program = SpawnedProgram.Start(ShapesProgram.Build(BuildCache.Directory), ShapesProgram.LoopArguments(control, storm: true));
        control.WaitUntilReady(s_patience);
        while (control.Threads.Any(t => t.Rounds < 32) && program.IsRunning)
            Thread.Sleep(5);
        control.Stop();
        Assert.Equal(0, program.WaitForExit(s_patience));
        Assert.Equal(0, control.WrongResults);
        Assert.All(control.Threads, t => Assert.True(t.Rounds >= 32));
    }

    [Fact]
    public void Own_counts_are_the_entries_that_the_compiler_sees()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CALLTAP_LONG") == "1", "long form: compiles the program once more");
        var entries = FentryCounts.Run(threads: 4, rounds: 16, out var run);
        var counted = ShapesProgram.Functions.ToDictionary(f => f, f => run.Counts.Values.Sum(counts => counts[f]));
        Assert.Equal(counted, entries);
    }

    static string Key(Dictionary<string, long> counts) => string.Join(',', counts.Select(c => $"{c.Key}={c.Value}"));

    ShapesRun Run(int threads, int rounds)
    {
        var watch = Stopwatch.StartNew();
        var path = ShapesProgram.Build(BuildCache.Directory);
        output.WriteLine($"built in {watch.Elapsed.TotalSeconds:0.0} s: {path}");
        watch.Restart();
        var tsv = Path.GetTempFileName();
        try
        {
            using var program = SpawnedProgram.Start(path, ShapesProgram.RunArguments(threads, rounds, tsv));
            var code = program.WaitForExit(s_patience);
            Assert.True(code == 0, $"exit code {code}: {program.Output}");
            output.WriteLine($"{rounds} rounds of {threads} threads in {watch.Elapsed.TotalSeconds:0.00} s");
            return ShapesRun.Parse(tsv);
        }
        finally
        {
            File.Delete(tsv);
        }
    }
}
