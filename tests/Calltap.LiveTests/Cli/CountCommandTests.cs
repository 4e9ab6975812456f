using System.Text.Json;
using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Cli;

[Collection(EngineTests.Name)]
public sealed class CountCommandTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Counts_every_call_of_eight_threads(bool withoutPtrace)
    {
        if (withoutPtrace) Answering.HandlerAlone.SkipUnlessAllowed();
        const int Threads = 8, Calls = 200_000;
        using SmallProgram eight = SmallProgram.Start("eight", Threads);
        using CliRun count = CliRun.Start(["count", "-p", $"{eight.Pid}", "-F", "one_leaf", "--json", .. withoutPtrace ? ["--no-ptrace"] : Array.Empty<string>()]);
        count.WaitFor("\narmed 1 of 1 functions");
        eight.Run(Calls);
        count.Interrupt();
        count.AssertEnds(0);
        JsonElement json = JsonDocument.Parse(count.Output).RootElement;
        Assert.Equal(Threads * Calls, json.GetProperty("total").GetInt64());
        Assert.Equal(0, json.GetProperty("uncounted").GetInt64());
        Assert.Equal("one_leaf", json.GetProperty("functions")[0].GetProperty("name").GetString());
        eight.AssertRight();
    }

    [Fact]
    public void Counts_the_calls_of_a_command()
    {
        using CliRun count = CliRun.Run(0, "count", "-F", "once_*", "--", OnceProgram.Build());
        Assert.Matches($@"(?m)^1,000 +once_leaf +once$", count.Output);
    }

    [Fact]
    public void Prints_in_intervals()
    {
        using BusyDemo demo = BusyDemo.Start();
        using CliRun count = CliRun.Run(0, "count", "-p", demo.PidText, "--interval", "100ms", "--duration", "1s", "--top", "2");
        Assert.Matches(@"(?m)^# \d+\.\d s: [\d,]+ calls of \d+ functions$", count.Output); // how many depends on how busy the machine is
        Assert.Matches(@"(?m)^# [\d,]+ calls of \d+ functions in [\d.]+ s$", count.Output);
        demo.AssertRight();
    }
}
