using Calltap.LiveTests.Engine;
using Calltap.Modules;
using Calltap.Target;

namespace Calltap.LiveTests.Cli;

[Collection(EngineTests.Name)]
public sealed class StatusAndDetachTests
{
    [Fact]
    public void Detach_ends_a_live_tracer_in_good_order()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.Start("record", "-p", demo.PidText, "-o", folder.File("t"));
        record.WaitFor("\narmed ");
        using CliRun status = CliRun.Run(0, "status", "-p", demo.PidText);
        Assert.Contains($"tracer: calltap (pid {record.Pid}), running", status.Output);
        Assert.Contains("op: graph:*", status.Output);
        using CliRun detach = CliRun.Run(0, "detach", "-p", demo.PidText);
        Assert.Contains("all bytes restored and verified", detach.Output);
        record.AssertEnds(0);
        CliRun.Run(0, "report", folder.File("t")).Dispose();
        AssertNothingIsLeft(demo);
    }

    [Fact]
    public void Detach_restores_what_a_killed_tracer_left()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.Start("record", "-p", demo.PidText, "-o", folder.File("t"));
        record.WaitFor("\narmed ");
        record.Kill();
        demo.AssertRight();
        using CliRun status = CliRun.Run(0, "status", "-p", demo.PidText);
        Assert.Contains("gone: `calltap detach", status.Output);
        Assert.Contains("run `calltap detach", CliRun.RunBad(2, "record", "-p", demo.PidText, "-o", folder.File("u")));
        using CliRun detach = CliRun.Run(0, "detach", "-p", demo.PidText);
        Assert.Contains("all bytes restored and verified", detach.Output);
        AssertNothingIsLeft(demo);
    }

    static void AssertNothingIsLeft(BusyDemo demo)
    {
        using (TargetProcess target = TargetProcess.Open(demo.Pid))
            TextImage.AssertRestored(target, FunctionCatalog.Load(target, FunctionScope.Executable, []));
        Assert.Contains("nothing is armed", CliRun.RunBad(1, "status", "-p", demo.PidText));
        Assert.Contains("nothing is armed", CliRun.RunBad(1, "detach", "-p", demo.PidText));
        demo.AssertRight();
    }
}
