using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.LiveTests.Following;

/// <summary>
/// A tracer that is killed while it holds processes at their beginning lets them run, to the right end. (With a breakpoint at the entry, as debuggers hold programs, a
/// program would end by SIGTRAP.)
/// </summary>
[Collection(EngineTests.Name)]
public sealed class KilledFollowerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tree_goes_on_when_its_tracer_is_killed(bool launched)
    {
        var random = new Random(launched ? 1 : 2);
        int held = 0, kills = LiveTest.Repeat(4, 200);
        for (int i = 0; i < kills; i++)
        {
            using var program = new TreeProgram();
            using CliRun tracer = Follow(program, launched);
            long before = program.Programs;
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Programs >= before + 3), tracer.Errors);
            Clock.Sleep(TimeSpan.FromMilliseconds(random.Next(60)));
            held += program.IsDone ? 0 : 1;
            tracer.Kill();
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.IsDone), $"kill {i}: {tracer.Errors}");
            program.AssertRight();
        }
        output.WriteLine($"{kills} tracers killed, {held} of them with a tree at work");
        Assert.True(held > kills / 2);
    }

    static CliRun Follow(TreeProgram program, bool launched)
    {
        const int Rounds = 12;
        string trace = program.Folder.File("t.calltap");
        if (launched) return CliRun.Start("record", "--follow", "-F", "tree_*", "-o", trace, "--", TreeProgram.Path, program.TallyPath, $"{Rounds}");
        CliRun tracer = CliRun.Start("record", "--follow", "-F", "tree_*", "-o", trace, "-p", $"{program.Start(Rounds)}");
        tracer.WaitFor("following 2 processes");
        program.Go();
        return tracer;
    }

    [Fact]
    public void What_a_killed_tracer_left_armed_in_a_tree_is_restored()
    {
        using var program = new TreeProgram();
        Pid root = program.Start(5);
        Pid child = new(ProcFiles.Children(root, new Tid(root.Value)).Single().Value);
        using (CliRun tracer = CliRun.Start("count", "--follow", "-F", "tree_*", "-p", $"{root}"))
        {
            tracer.WaitFor($"process {child} (tree): armed 2 of 2");
            tracer.Kill();
        }
        foreach (Pid process in (Pid[])[root, child])
        {
            using TargetProcess target = TargetProcess.Open(process);
            Assert.NotEmpty(LeftSession.Find(target)!.ReadSites());
            Assert.Empty(LeftSession.Find(target)!.Restore().Refused);
        }
        using CliRun again = CliRun.Start("count", "--follow", "-F", "tree_*", "-p", $"{root}");
        again.WaitFor("following 2 processes"); // what is forked before that may be missed
        program.Go();
        again.AssertEnds(0);
        program.AssertRight();
        Assert.Contains($"{program.Leafs:N0}  tree_leaf", again.Output);
    }
}
