using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Programs of musl, whose threads are found by their ring of descriptors.</summary>
[Collection(EngineTests.Name)]
public sealed class MuslTests(ITestOutputHelper output)
{
    const int Lanes = 4;

    static Op Leaf(OpKind kind) => new(kind, FunctionFilter.Parse(["churn_leaf"], []), "leaf");

    [Theory]
    [InlineData("musl")]
    [InlineData("musl-static")]
    public void Recorded_and_lost_is_called_while_threads_come_and_go(string build)
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1, ProgramBuild.Of(build));
        program.Control.Post(1, 1_000_000); // attached to under load
        using (TraceSession session = program.Attach())
        using (var recorder = new Recorder(session, new MemoryStream(), new RecordOptions()))
        {
            recorder.Add([Leaf(OpKind.Graph)]);
            Thread.Sleep(50);
            Assert.NotNull(recorder.Stop());
            Assert.Null(recorder.Failure);
        }
        program.AssertRight();
    }

    [Theory]
    [InlineData("musl")]
    [InlineData("musl-static-stripped")]
    public void Every_call_is_recorded_or_lost(string build)
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1, ProgramBuild.Of(build));
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        ArmReport armed = recorder.Add([new Op(OpKind.Graph, FunctionFilter.Parse(["*"], []), "all")]);
        output.WriteLine($"{armed.Armed} of {armed.Wanted} armed");
        int threads = LiveTest.Repeat(300, 5_000);
        program.Run(threads);
        Assert.NotNull(recorder.Stop());
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{Lanes * threads} threads, {program.Counted(0)} calls; {calls.Entries} recorded of {calls.Threads.Count} threads, {recorder.Progress.LostEntries} lost");
        Assert.Equal(300L * Lanes * threads, program.Counted(0));
        // Without names the leaf is the function that is called that often.
        long most = session.Catalog.Functions.Max(f => calls.EntriesOf(f.Id));
        Assert.InRange(most, program.Counted(0) - recorder.Progress.LostEntries, program.Counted(0));
        Assert.True(calls.Threads.Count > threads, "rings must go round");
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>The C library is armed as well, also what it runs before a thread has begun and after it has ended.</summary>
    [Theory]
    [InlineData("musl")]
    [InlineData("musl-static")]
    public void The_whole_program_is_armed_and_disarmed_under_load(string build)
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1, ProgramBuild.Of(build));
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Scope = FunctionScope.All });
        program.Control.Post(1, 1_000_000);
        var all = new Op(OpKind.Graph, FunctionFilter.Parse(["*"], []), "all");
        int rounds = LiveTest.Repeat(10, 300);
        for (int i = 0; i < rounds; i++)
        {
            ArmReport added = session.Add(all);
            if (i == 0) output.WriteLine($"{added.Armed} of {added.Wanted} armed");
            Assert.True(added.Armed > 50, $"only {added.Armed} of {added.Wanted} armed");
            session.Remove(all);
            program.AssertAlive($"in round {i}");
        }
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>musl ends a thread that is to be cancelled by the pc at which it is: the code that it looks for is not armed, whether or not it has a name.</summary>
    [Theory]
    [InlineData("musl")]
    [InlineData("musl-static")]
    public void Cancellations_are_not_lost(string build)
    {
        using SmallProgram program = SmallProgram.Start("cancels", Lanes, build: ProgramBuild.Of(build));
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Scope = FunctionScope.All });
        if (build == "musl-static") // the library, stripped, does not show it
            Assert.Single(session.Catalog.Excluded, excluded => excluded.Reason == ExclusionReasons.CancellationPoint);
        var all = new Op(OpKind.Graph, FunctionFilter.Parse(["*"], []), "all");
        int cancelled = LiveTest.Repeat(200, 10_000);
        Assert.True(session.Add(all).Armed > 50);
        program.Run(cancelled);
        Assert.Equal((long)Lanes * cancelled, program.Control.Threads.Sum(t => t.Rounds));
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>A thread on another stack than its own has its own looked at as well: where that is, only the ring tells.</summary>
    [Theory]
    [InlineData("musl")]
    [InlineData("musl-static")]
    public void The_own_stack_of_each_thread_is_known(string build)
    {
        using SmallProgram program = SmallProgram.Start("eight", 8, build: ProgramBuild.Of(build));
        using TargetProcess target = TargetProcess.Open(program.Pid);
        IReadOnlyDictionary<Tid, TargetAddress> homes = new ThreadHomes(target).Read();
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        Tid[] threads = [.. target.ReadThreads()];
        Assert.Equal(9, threads.Length);
        foreach (Tid tid in threads.Where(tid => tid.Value != program.Pid.Value))
        {
            var stack = new TargetAddress(ThreadLook.At(program.Pid, tid).StackPointer);
            Assert.Contains(mappings, mapping => mapping.Contains(stack) && mapping.Contains(homes[tid]));
        }
        program.AssertRight();
    }
}
