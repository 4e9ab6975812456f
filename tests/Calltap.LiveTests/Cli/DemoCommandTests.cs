using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Cli;

[Collection(EngineTests.Name)]
public sealed class DemoCommandTests
{
    [Fact]
    public void The_demo_arms_records_exactly_and_restores()
    {
        using CliRun demo = CliRun.Run(0, "demo", "--functions", "2000", "--seconds", "1");
        Assert.Matches(@"(?m)^2,000 sites -> calls in [\d.]+ ms; [\d,]+ breakpoints hit, [\d,]+ emulated, 0 misdirected; longest stall \d+ us$", demo.Output);
        Assert.Matches(@"(?m)^called [1-9][\d,]*; recorded [\d,]+ \+ lost [\d,]+: exact$", demo.Output);
        Assert.Matches(@"(?m)^all bytes restored ", demo.Output);
        Assert.Matches(@"\|  f\d+\(\)", demo.Output);
    }
}
