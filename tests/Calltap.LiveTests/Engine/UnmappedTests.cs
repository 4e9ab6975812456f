using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>A library that is unmapped while its functions change: nothing of it is waited for, and what comes in its place is not written to.</summary>
[Collection(EngineTests.Name)]
public sealed class UnmappedTests(ITestOutputHelper output)
{
    const int Load = 1, TakeDown = 2, Replace = 3, Check = 4, Call = 5;
    const int Functions = 65; // library_root, and two on each of 32 pages

    static readonly Op s_library = new(OpKind.Graph, FunctionFilter.Parse(["one_*", "several_*", "library_root"], []), "library");
    static readonly Op s_own = new(OpKind.Graph, FunctionFilter.Parse(["own_leaf"], []), "own");

    [Theory]
    [InlineData("read")] // verified, no breakpoint yet
    [InlineData("pass 1")]
    [InlineData("clear")]
    [InlineData("pass 2")]
    [InlineData("pass 3")] // of the first group
    public void What_is_mapped_in_its_place_is_left_alone(string step)
    {
        using SmallProgram program = Start();
        using (TraceSession session = Attach(program))
        {
            ArmReport report = AddWithout(program, session, step);
            Assert.Contains(report.Refused, refused => refused.Reason == PokePlan.NoLongerMapped);
            Assert.Equal(0, program.Command(Check));
            Assert.Equal(1, session.Sites.Values.Count(sites => sites.Armed.Any)); // the program's own function
            session.Detach();
        }
        AssertTraceable(program);
        program.AssertRight();
    }

    /// <summary>The control: nobody looks, and whole pages are written.</summary>
    [Fact]
    public void It_would_be_written_to()
    {
        using SmallProgram program = Start();
        using TraceSession session = Attach(program);
        session.Broken = BrokenRules.MappingsNotLookedAt;
        try
        {
            AddWithout(program, session, "pass 1");
        }
        catch (PatchMismatchException)
        {
            // The later groups' sites are not what they were.
        }
        Assert.True(program.Command(Check) > 0, "not a byte was written");
    }

    /// <summary>Written by the helper, at any moment of a window.</summary>
    [Fact]
    public void A_window_ends_whenever_a_library_goes()
    {
        using SmallProgram program = Start();
        int rounds = LiveTest.Repeat(16, 3000), windows = 0;
        var random = new Random(1);
        long right = 0;
        for (int i = 0; i < rounds; i++)
        {
            if (i > 0) Assert.Equal(0, program.Command(Load));
            using TraceSession session = Attach(program);
            session.GroupSize = 4;
            if (i % 2 == 1) session.Add(s_library);
            right = right == 0 ? program.Command(Call) : right;
            Assert.Equal(right, program.Command(Call));
            TimeSpan delay = TimeSpan.FromMicroseconds(random.Next(10_000));
            var taking = new Thread(() =>
            {
                Clock.Sleep(delay);
                program.Control.Post(TakeDown);
            });
            session.AboutToArm = _ => taking.Start();
            ArmReport report = i % 2 == 1 ? session.Remove(s_library) : session.Add([s_library, s_own]);
            taking.Join();
            session.AboutToArm = null;
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Control.IsDone), $"round {i}: the program does not answer");
            if (report.Refused.Count > 0) windows++;
            session.Detach();
            program.AssertAlive($"after round {i}");
        }
        output.WriteLine($"{rounds} rounds: in {windows} the library went before the window had ended");
        Assert.True(windows > 0, "it went afterwards always");
        Assert.Equal(0, program.Command(Load));
        AssertTraceable(program);
        program.AssertRight();
    }

    static SmallProgram Start()
    {
        SmallProgram program = SmallProgram.Start("unmaps", 0);
        string library = new GeneratedProgram("unmaps.so", [SourceFile.FromResource(typeof(SmallProgram), "unmaps-library.c", "-O2 -fPIC")], "-shared")
            .Build(BuildCache.Directory);
        File.CreateSymbolicLink(program.Control.Path + ".so", library);
        Assert.Equal(0, program.Command(Load));
        return program;
    }

    static TraceSession Attach(SmallProgram program) =>
        TraceSession.Attach(program.Pid, new SessionOptions { Scope = FunctionScope.Libraries });

    /// <summary>Arms the library's functions and the program's own; at a step of the window the library gives way to memory of the program's.</summary>
    static ArmReport AddWithout(SmallProgram program, TraceSession session, string step)
    {
        bool replaced = false;
        session.StepDone = done =>
        {
            if (done != step || replaced) return;
            replaced = true;
            program.Control.Post(Replace);
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Control.IsDone), "the program does not answer");
        };
        ArmReport report = session.Add([s_library, s_own]);
        Assert.True(replaced);
        Assert.Equal(0, program.Control.Result(0));
        return report;
    }

    /// <summary>The library, loaded anew, is armed as a whole, and its calls are right.</summary>
    static void AssertTraceable(SmallProgram program)
    {
        if (!File.ReadAllText($"/proc/{program.Pid}/maps").Contains("unmaps.so", StringComparison.Ordinal)) Assert.Equal(0, program.Command(Load));
        long right = program.Command(Call);
        using TraceSession session = Attach(program);
        Assert.Equal(Functions, session.Add(s_library).Armed);
        Assert.Equal(right, program.Command(Call));
        session.Detach();
        Assert.Equal(right, program.Command(Call));
    }
}
