using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Target;
using static Calltap.LiveTests.Surroundings.SurroundedProgram;

namespace Calltap.LiveTests.Surroundings;

/// <summary>gdb and strace at a program that is traced, before, meanwhile and in the very windows.</summary>
[Collection(EngineTests.Name)]
public sealed class OtherTracersTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("gdb")]
    [InlineData("strace")]
    public void One_that_is_there_is_named(string tracer)
    {
        using SurroundedProgram target = Start();
        using (SpawnedProgram other = Attached(tracer, target))
        {
            AttachException refusal = Assert.Throws<AttachException>(() => target.Program.Attach());
            AssertSays(refusal, AttachRefusal.AlreadyTraced, $"is already traced by process {other.Pid} ({tracer})", "end that tracer first");
        }
        AwaitNoTracer(target);
        ProcessLook.AssertUnchanged(target.Before, target.Pid);
        target.AssertTraced(); // the control
        target.Program.AssertRight();
    }

    [Fact]
    public void One_that_comes_while_functions_are_armed_is_named_and_outlived()
    {
        using SurroundedProgram target = Start();
        using TraceSession session = target.Program.Attach();
        Assert.Equal(2, session.Add(Graph).Armed);
        using (SpawnedProgram other = Attached("strace", target))
        {
            AssertSays(Assert.Throws<AttachException>(() => session.Remove(Graph)), AttachRefusal.AlreadyTraced, $"process {other.Pid} (strace)");
            AssertSays(
                Assert.Throws<AttachException>(() => session.Detach()), AttachRefusal.AlreadyTraced,
                $"process {other.Pid} (strace)", $"its functions stay armed until `calltap detach -p {target.Pid}`");
            target.AssertWorks();
        }
        AwaitNoTracer(target);
        target.AssertDetached(session);
        target.Program.AssertRight();
    }

    /// <summary>strace comes and goes all the time: it finds us there, or we find it there, and nobody is harmed.</summary>
    [Fact]
    public void Those_that_come_in_windows_do_no_harm()
    {
        const string Again = "while [ ! -e \"$2\" ]; do timeout -s KILL 0.1 strace -f -e trace=none -o /dev/null -p \"$1\"; sleep 0.05; done";
        using var folder = new ScratchFolder();
        using SurroundedProgram target = Start();
        SkipWithout("strace", "--version");
        using TraceSession session = target.Program.Attach();
        int done = 0, refused = 0;
        using (SpawnedProgram others = SpawnedProgram.Start("sh", "-c", Again, "sh", $"{target.Pid}", folder.File("end")))
        {
            Deadline deadline = Deadline.In(TimeSpan.FromSeconds(LiveTest.Repeat(2, 60))), patience = Deadline.In(EngineTests.Patience);
            while (!deadline.IsPast || ((done == 0 || refused == 0) && !patience.IsPast))
            {
                if (Changed(() => session.Add(Graph)) && Changed(() => session.Remove(Graph))) done++;
                else refused++;
                target.AssertWorks();
            }
            File.WriteAllText(folder.File("end"), "");
            others.WaitForExit(EngineTests.Patience);
            output.WriteLine($"{done} rounds, {refused} refused; strace: {others.Output.Split('\n').GroupBy(line => line).Select(g => $"{g.Count()} x {g.Key}").FirstOrDefault()}");
        }
        AwaitNoTracer(target);
        target.AssertDetached(session);
        Assert.True(done > 0 && refused > 0, "they never met");
        target.Program.AssertRight();
    }

    static bool Changed(Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (AttachException e)
        {
            AssertSays(e, AttachRefusal.AlreadyTraced, "traced by");
            return false;
        }
    }

    static SpawnedProgram Attached(string tracer, SurroundedProgram target)
    {
        SkipWithout(tracer, "--version");
        SpawnedProgram other = tracer == "gdb"
            ? SpawnedProgram.Start("gdb", "-nx", "-batch", "-p", $"{target.Pid}", "-ex", "shell echo holds; exec sleep 20")
            : SpawnedProgram.Start("strace", "-f", "-e", "trace=none", "-o", "/dev/null", "-p", $"{target.Pid}");
        bool Holds(Tid tid) => ProcStatus.Parse(File.ReadAllText($"/proc/{target.Pid}/task/{tid}/status")).TracerPid == other.Pid;
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => ProcFiles.Threads(target.Pid).All(Holds) && (tracer != "gdb" || other.Output.Contains("holds", StringComparison.Ordinal))), other.Output);
        return other;
    }

    static void AwaitNoTracer(SurroundedProgram target) => Assert.True(
        Deadline.In(EngineTests.Patience).Poll(() => ProcFiles.Threads(target.Pid).All(
            tid => ProcStatus.Parse(File.ReadAllText($"/proc/{target.Pid}/task/{tid}/status")) is { TracerPid.Value: 0, State: not ('t' or 'T') })), "still traced");
}
