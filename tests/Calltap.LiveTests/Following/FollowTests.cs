using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.LiveTests.Following;

/// <summary>A tree of processes is traced whole: each from its first call on, and each with the right results.</summary>
[Collection(EngineTests.Name)]
public sealed class FollowTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_call_of_a_tree_that_was_started_is_recorded()
    {
        using var program = new TreeProgram();
        using TargetLauncher launcher = TargetLauncher.Start(TreeProgram.Path, [program.TallyPath, $"{LiveTest.Repeat(15, 1000)}"]);
        using var recorder = new TreeRecorder();
        recorder.Start(launcher);
        recorder.Serve();
        RecordedCalls calls = recorder.Stop();
        Assert.Equal(new CommandExit(0, 0), launcher.WaitForExit());
        AssertAllRecorded(program, recorder, calls);
        Assert.Equal(program.Programs, recorder.Began.All);
    }

    [Fact]
    public void Every_call_is_recorded_of_a_tree_that_ran_before()
    {
        using var program = new TreeProgram();
        Pid root = program.Start(LiveTest.Repeat(15, 300));
        using var recorder = new TreeRecorder();
        recorder.Start(root);
        Assert.Equal(2, recorder.Began.All); // the child that was there before
        program.Go();
        recorder.Serve();
        AssertAllRecorded(program, recorder, recorder.Stop());
        Assert.Equal(program.Programs, recorder.Began.All);
    }

    void AssertAllRecorded(TreeProgram program, TreeRecorder recorder, RecordedCalls calls)
    {
        program.AssertRight();
        output.WriteLine($"{program.Programs} programs, {recorder.Began.Forked} of them forked; {calls.Entries} calls, {calls.LostEntries} lost");
        Assert.Empty(recorder.NotTraced);
        Dictionary<string, long> entries = calls.Catalog.Functions.Values.ToDictionary(f => f.DisplayName, f => calls.EntriesOf(f.Id));
        Assert.Equal((program.Leafs, program.Roots, 0), (entries["tree_leaf"], entries["tree_root"], calls.LostEntries));
        Assert.Equal((0, 0), (calls.OrphanExits, calls.UnknownSites));
        Assert.Equal([EndedBy.Exit], calls.Ends.Keys.Select(e => e.EndedBy).Distinct());
        AssertProcessesAreTold(program, calls.Catalog);
    }

    /// <summary>Each thread that recorded belongs to a process, and each process but the first comes of another.</summary>
    static void AssertProcessesAreTold(TreeProgram program, TraceCatalog catalog)
    {
        Assert.Equal(program.Programs, catalog.Processes.Count);
        Assert.All(catalog.Threads.Keys, thread => Assert.True(catalog.Processes.ContainsKey(catalog.Tasks[thread].Process)));
        // The shells between are not in the trace, nor is what they start a child of anything that is.
        Assert.All(catalog.Processes.Values, process => Assert.True(process.Parent < process.Id));
        Assert.Contains(catalog.Processes.Values, process => process.Parent > 1);
    }

    [Fact]
    public void What_lives_when_it_is_over_is_restored_and_ends_right()
    {
        using var program = new TreeProgram();
        var checkedOnes = 0;
        using var recorder = new TreeRecorder
        {
            Restored = process =>
            {
                TextImage.AssertRestored(process.Session!.Target, process.Session.Catalog);
                checkedOnes++;
            },
        };
        recorder.Start(program.Start(LiveTest.Repeat(1000, 3000), "quiet"));
        program.Go();
        recorder.Serve(() => recorder.Began.All >= 40);
        RecordedCalls calls = recorder.Stop();
        Assert.True(program.IsRunning && !program.IsDone, "it was over before");
        Assert.True(checkedOnes >= 2, $"{checkedOnes} processes lived");
        program.AssertRight();
        Assert.InRange(calls.EntriesOf(calls.Catalog.Functions.Values.First(f => f.DisplayName == "tree_leaf").Id), 1, program.Leafs);
        output.WriteLine($"{checkedOnes} processes restored alive");
    }

    /// <summary>A signal that a program ignores would not wake it from a call, but for a tracer.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Calls_that_tracing_interrupts_are_made_again(bool leftOut)
    {
        using var program = new TreeProgram();
        using var recorder = new TreeRecorder(callsNotRepeated: leftOut);
        recorder.Start(program.Start(20));
        program.Go();
        recorder.Serve();
        recorder.Stop();
        Assert.Equal(0, program.Wrong);
        if (leftOut) Assert.InRange(program.Interrupted, 10, long.MaxValue);
        else program.AssertRight();
    }

    /// <summary>Those that fork take signals which have woken another: 65 to 181 of 3,000 calls were ended before calls were looked at, where such signals come.</summary>
    [Fact]
    public void Signals_that_another_thread_takes_end_no_call()
    {
        const int Rounds = 500, Signals = 3 * Rounds;
        using TargetLauncher launcher = TargetLauncher.Start(ProgramBuild.Usual.Program("winches"), [$"{Rounds}"]);
        using var recorder = new TreeRecorder();
        recorder.Start(launcher);
        recorder.Serve();
        recorder.Stop();
        CommandExit exit = launcher.WaitForExit();
        output.WriteLine($"{exit.ExitCode} calls of {Signals} ended early");
        Assert.Equal(0, exit.Signal);
        Assert.InRange(exit.ExitCode, 0, 5);
    }

    /// <summary>What is forked while its parent changes is a copy of neither what was nor what will be.</summary>
    [Fact]
    public void What_is_forked_while_libraries_come_and_go_is_traced_whole()
    {
        using TargetLauncher launcher = TargetLauncher.Start(ProgramBuild.Usual.Program("loadfork", "tree_calls.h"), [PluginProgram.BuildLibrary(), $"{LiveTest.Repeat(30, 300)}"]);
        using var recorder = new TreeRecorder(scope: FunctionScope.Libraries, functions: ["tree_*", "plugin_*"]);
        recorder.Start(launcher);
        recorder.Serve();
        RecordedCalls calls = recorder.Stop();
        Assert.Equal(new CommandExit(0, 0), launcher.WaitForExit());
        output.WriteLine($"{recorder.Began.All} processes, {recorder.Began.Forked} of them taken over; {recorder.ModulesArmed} times a library was armed");
        Assert.Equal((0, 0, 0), (calls.OrphanExits, calls.UnknownSites, calls.LostEntries));
        Assert.Empty(recorder.NotTraced);
        Assert.Empty(recorder.Failures);
        Assert.InRange(recorder.ModulesArmed, 2, int.MaxValue);
        Assert.InRange(recorder.Began.Forked, 10, int.MaxValue);
    }

    /// <summary>It may end at any time: also after it was found to be a copy. Taken for one of a former state, it would be told as not traced.</summary>
    [Fact]
    public void What_ends_while_it_is_taken_over_is_told_as_ended()
    {
        using var parent = new TreeProgram();
        using var ending = new TreeProgram();
        using TraceSession session = TraceSession.Attach(parent.Start(1), new SessionOptions());
        using TargetProcess child = TargetProcess.Open(ending.Start(1));
        Assert.Equal(AttachRefusal.Unsupported, Assert.Throws<AttachException>(() => session.Adopt(child, null)).Reason);
        NativeSpawn.Kill(child.Pid.Value, Signals.SIGKILL);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => child.MemoryIsGone));
        Assert.Equal(AttachRefusal.TargetEnded, Assert.Throws<AttachException>(() => session.Adopt(child, null)).Reason);
    }

    [Fact]
    public void Job_control_stops_and_continues_what_is_followed()
    {
        const int SIGCONT = 18, SIGSTOP = 19;
        using var program = new TreeProgram();
        Pid root = program.Start(25, "stopped");
        using var recorder = new TreeRecorder();
        recorder.Start(root);
        program.Go();
        for (int i = 0; i < 10; i++)
        {
            int before = recorder.Began.All;
            recorder.Serve(() => recorder.Began.All >= before + 5);
            if (!program.IsRunning) break;
            NativeSpawn.Kill(root.Value, SIGSTOP);
            int looks = 0; // a stop for us looks the same, but is soon over
            recorder.Serve(() => (looks = IsStopped(root) ? looks + 1 : 0) >= 10);
            NativeSpawn.Kill(root.Value, SIGCONT);
        }
        recorder.Serve();
        AssertAllRecorded(program, recorder, recorder.Stop());
    }

    static bool IsStopped(Pid process) => ProcFiles.Threads(process).All(thread =>
        ProcFiles.TryReadText(ProcFiles.Thread(process, thread, "status")) is not { Length: > 0 } text || ProcStatus.Parse(text).State is 'T' or 't' or 'Z');
}
