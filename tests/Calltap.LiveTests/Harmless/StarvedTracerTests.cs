using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Native;

namespace Calltap.LiveTests.Harmless;

/// <summary>A tracer that gets no CPU, or stands still between windows: the target does not wait for it, and every call is recorded or told as lost.</summary>
[Collection(EngineTests.Name)]
public sealed partial class StarvedTracerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_call_is_recorded_or_told_as_lost(bool stopped)
    {
        long each = LiveTest.Repeat(1_000_000, 20_000_000);
        using var folder = new ScratchFolder();
        using SmallProgram program = ManyCalls.Start();
        using CliRun record = CliRun.Start("record", "-p", $"{program.Pid}", "-o", folder.File("t"), "--op", "graph:many_leaf", "--op", "count:many_leaf");
        record.WaitFor("\narmed ");
        TimeSpan served = Run(program, each);
        if (stopped) Signals.Kill(record.Pid, Signals.SIGSTOP).OrThrow("kill");
        else SetPolicy("--idle", record.Pid);
        TimeSpan starved = Run(program, each);
        if (stopped) Signals.Kill(record.Pid, Signals.SIGCONT).OrThrow("kill");
        else SetPolicy("--other", record.Pid);
        record.Interrupt();
        record.AssertEnds(0);

        long counted = long.Parse(Counted().Match(record.Output).Groups[1].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        using CliRun report = CliRun.Run(0, "report", folder.File("t"), "--json");
        JsonElement json = JsonDocument.Parse(report.Output).RootElement;
        long recorded = json.GetProperty("functions").EnumerateArray().Single().GetProperty("calls").GetInt64(), lost = json.GetProperty("lost").GetInt64();
        output.WriteLine($"{each} calls in each of {ManyCalls.Threads} threads: {served.TotalMilliseconds:0} ms served, {starved.TotalMilliseconds:0} ms starved; {recorded} recorded, {lost} lost");
        Assert.Equal(2 * ManyCalls.Threads * each, counted);
        Assert.Equal(counted, recorded + lost);
        if (stopped) Assert.True(lost > 0, "no ring was ever full: the tracer was not starved");
        program.AssertRight();
    }

    static TimeSpan Run(SmallProgram program, long each)
    {
        long start = Stopwatch.GetTimestamp();
        program.Command(ManyCalls.Call, each);
        return Stopwatch.GetElapsedTime(start);
    }

    static void SetPolicy(string policy, Pid tracer)
    {
        using SpawnedProgram chrt = SpawnedProgram.Start("chrt", policy, "--all-tasks", "--pid", "0", $"{tracer}");
        Assert.True(chrt.WaitForExit(EngineTests.Patience) == 0, chrt.Output);
    }

    [GeneratedRegex(@"([\d,]+) +many_leaf")]
    private static partial Regex Counted();
}
