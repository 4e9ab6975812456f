using System.Text.Json;
using Calltap.Cli.Demo;
using Calltap.Doctor;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.LiveTests.Cli;

/// <summary>What doctor says of a process, compared with what attaching to it does.</summary>
[Collection(EngineTests.Name)]
public sealed class DoctorCommandTests
{
    [Fact]
    public void A_plain_process_can_be_traced()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        AssertAsAttaching(program.Pid, null);
        program.AssertWorks();
    }

    [Fact]
    public void One_that_blocks_SIGTRAP_can_be_traced_with_a_limit()
    {
        using var program = SpawnedProgram.Start("env", "--block-signal=TRAP", WaitProgram());
        AwaitName(program.Pid, "calltap-wait");
        Finding trap = AssertAsAttaching(program.Pid, null).Single(finding => finding.Topic == "SIGTRAP");
        Assert.Equal(FindingState.Limited, trap.State);
        Assert.StartsWith("blocked by 1 of 1 threads", trap.Reason);
    }

    [Fact]
    public void One_in_other_namespaces_can_be_traced()
    {
        using var maker = SpawnedProgram.Start("unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child", WaitProgram());
        Pid? inside = null;
        Assert.SkipUnless(
            SpinWait.SpinUntil(() => maker.Wait(TimeSpan.Zero) is not null || (inside = ChildOf(maker.Pid)) is not null, EngineTests.Patience) && inside is not null,
            "this user may not make namespaces");
        AwaitName(inside.Value, "calltap-wait");
        Finding namespaces = AssertAsAttaching(inside.Value, null).Single(finding => finding.Topic == "namespaces");
        Assert.Equal("others than calltap's: pid, mnt", namespaces.Reason);
    }

    [Fact]
    public void One_under_a_seccomp_filter_is_refused()
    {
        using LiveProgram program = LiveProgram.StartBusy(variant: "seccomp");
        AssertAsAttaching(program.Pid, AttachRefusal.SeccompFilter);
    }

    [Fact]
    public void A_stopped_one_is_refused()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        Signals.Kill(program.Pid, Signals.SIGSTOP).OrThrow("kill");
        Assert.True(program.Within(() => ProcFiles.Threads(program.Pid).All(tid => StatusOf(program.Pid, tid).State == 'T')));
        AssertAsAttaching(program.Pid, AttachRefusal.Stopped);
        Signals.Kill(program.Pid, Signals.SIGCONT).OrThrow("kill");
        program.AssertWorks();
    }

    [Fact]
    public void A_traced_one_is_refused_with_its_tracer()
    {
        using var folder = new ScratchFolder();
        using var program = SpawnedProgram.Start(WaitProgram());
        using var holder = SpawnedProgram.Start(Compiled("holder.c"), $"{program.Pid}", folder.File("said"));
        Assert.SkipWhen(holder.Wait(TimeSpan.FromMilliseconds(200)) is not null, "this user may not trace");
        Assert.True(SpinWait.SpinUntil(() => File.Exists(folder.File("said")), EngineTests.Patience));
        AssertAsAttaching(program.Pid, AttachRefusal.AlreadyTraced);
        using CliRun doctor = CliRun.Run(2, "doctor", "-p", $"{program.Pid}", "--json");
        using JsonDocument json = JsonDocument.Parse(doctor.Output);
        Assert.False(json.RootElement.GetProperty("can_be_traced").GetBoolean());
        JsonElement tracer = json.RootElement.GetProperty("process").EnumerateArray().Single(finding => finding.GetProperty("what").GetString() == "tracer");
        Assert.Equal("refused", tracer.GetProperty("state").GetString());
        Assert.Equal("end that tracer first", tracer.GetProperty("remedy").GetString());
    }

    [Fact]
    public void What_is_no_process_is_refused()
    {
        AssertAsAttaching(new Pid(4_194_303), AttachRefusal.NoSuchProcess);
        using CliRun doctor = CliRun.Run(2, "doctor", "-p", "4194303");
        Assert.Contains("there is no process 4194303", doctor.Output);
    }

    [Fact]
    public void Somebody_elses_is_refused()
    {
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/usr/bin/setpriv"), "needs root and setpriv");
        using var program = SpawnedProgram.Start(WaitProgram());
        string[] asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "HOME=/tmp", "DOTNET_CLI_HOME=/tmp"];
        using (CliRun able = CliRun.StartBy(asNobody, "--version"))
            Assert.SkipUnless(able.EndsWith(0), "the build is not readable for others");
        using CliRun record = CliRun.StartBy(asNobody, "record", "-p", $"{program.Pid}", "-o", "/dev/null");
        using CliRun doctor = CliRun.StartBy(asNobody, "doctor", "-p", $"{program.Pid}", "--json");
        record.AssertEnds(2);
        doctor.AssertEnds(2);
        using JsonDocument json = JsonDocument.Parse(doctor.Output);
        JsonElement refused = json.RootElement.GetProperty("process").EnumerateArray().First(finding => finding.GetProperty("state").GetString() == "refused");
        Assert.Equal(record.Errors.Split('\n')[^1], $"calltap: {refused.GetProperty("reason").GetString()}: {refused.GetProperty("remedy").GetString()}");
    }

    [Fact]
    public void The_machine_alone_is_examined()
    {
        using CliRun doctor = CliRun.Run(0, "doctor");
        Assert.Contains("memory writes", doctor.Output);
        Assert.Contains("core sync", doctor.Output);
        Assert.DoesNotContain("refused", doctor.Output);
    }

    /// <summary>Doctor's first refusal is attaching's, word for word; without one attaching succeeds.</summary>
    static IReadOnlyList<Finding> AssertAsAttaching(Pid pid, AttachRefusal? expected)
    {
        IReadOnlyList<Finding> findings = TargetExam.Examine(pid, null);
        Finding? refused = findings.FirstOrDefault(finding => finding.State == FindingState.Refused);
        Assert.Equal(expected, refused?.Refusal);
        if (expected is null)
        {
            TraceSession.Attach(pid, new SessionOptions()).Dispose();
            return findings;
        }
        AttachException refusal = Assert.Throws<AttachException>(() => TraceSession.Attach(pid, new SessionOptions()));
        Assert.Equal(refusal.Message, refused!.Line);
        return findings;
    }

    static void AwaitName(Pid pid, string name) =>
        Assert.True(SpinWait.SpinUntil(() => StatusOf(pid, new Tid(pid.Value)).Name == name, EngineTests.Patience), $"process {pid} did not become {name}");

    static ProcStatus StatusOf(Pid pid, Tid tid) => ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Thread(pid, tid, "status")) ?? "");

    static Pid? ChildOf(Pid pid) =>
        ProcFiles.Children(pid, new Tid(pid.Value)).Select(tid => (Pid?)new Pid(tid.Value)).FirstOrDefault();

    static string WaitProgram() => new GeneratedProgram("calltap-wait", [SourceFile.FromResource(typeof(BadInputTests), "wait.c", "-O2")]).Build(BuildCache.Directory);

    static string Compiled(string source) =>
        new GeneratedProgram(Path.GetFileNameWithoutExtension(source), [SourceFile.FromResource(typeof(BadInputTests), source, "-O2")], "").Build(BuildCache.Directory);
}
