using Calltap.Code;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Programs that lock or limit their memory, change namespaces, make threads without libc, write into their code, catch faults.</summary>
[Collection(EngineTests.Name)]
public sealed class GuestTests(ITestOutputHelper output)
{
    const int LockMemory = 2, LimitMemory = 3, EnterNamespace = 4, StartRawThread = 5, StartPage = 6, EndPage = 7, StartFault = 9, EndFault = 10,
        CatchFaults = 11, Fault = 12, CallHere = 13;
    const int EPERM = 1, EINVAL = 22;

    readonly Op _graph = OpOf(OpKind.Graph, "guest_leaf", "guest_root");
    readonly Op _count = OpOf(OpKind.Count, "guest_leaf", "guest_root");

    /// <summary>The kernel wants a process of one thread for it: ours is there in windows only.</summary>
    [Fact]
    public void A_program_of_one_thread_is_one_outside_windows()
    {
        using SmallProgram program = SmallProgram.Start("guest", 0);
        Assert.Equal(EINVAL, program.Command(EnterNamespace, 1)); // the control: what a second thread does
        using TraceSession session = program.Attach();
        Assert.Equal(0, program.Command(EnterNamespace, 0));
        Assert.Equal(2, session.Add(_graph).Armed);
        Assert.Single(session.Target.ReadThreads());
        long error = program.Command(EnterNamespace, 2);
        Assert.SkipWhen(error == EPERM, "no user namespaces here");
        Assert.Equal(0, error);
        session.Detach();
        Assert.Equal(0, program.Command(EnterNamespace, 0));
        program.AssertRight();
    }

    /// <summary>With mlockall(MCL_FUTURE) every page that is mapped is there at once, and counted.</summary>
    [Fact]
    public void Locked_memory_stays_small_and_calls_are_exact()
    {
        const int Rounds = 2000;
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        Assert.Equal(0, program.Command(LockMemory));
        long before = Locked(program);
        using TraceSession session = program.Attach();
        Assert.Equal(2, session.Add([_graph, _count]).Armed);
        long added = Locked(program) - before;
        output.WriteLine($"{before >> 10} KiB locked before, {added >> 10} KiB by the session");
        Assert.InRange(added, 1, 64 << 20); // and not 0: our memory is locked like any other
        program.Run(Rounds);
        session.Detach();
        Assert.Equal(5ul * Rounds * 2, session.Counts(_count).Values.Aggregate((a, b) => a + b));
        Assert.InRange(Locked(program) - before, 0, 1 << 20);
        program.AssertRight();
    }

    [Fact]
    public void A_limit_of_the_address_space_refuses_in_one_line_and_leaves_nothing()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        (string[] Maps, string[] Descriptors, int Threads) before = Seen(program);
        Assert.Equal(0, program.Command(LimitMemory, 1 << 20));
        AttachException refusal = Assert.Throws<AttachException>(program.Attach);
        Assert.Equal(AttachRefusal.Unsupported, refusal.Reason);
        Assert.Contains("ulimit -v", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refusal.Message, StringComparison.Ordinal);
        (string[] Maps, string[] Descriptors, int Threads) after = Seen(program);
        Assert.InRange(after.Maps.Except(before.Maps).Count(), 0, 1); // the page of the helper's code stays
        Assert.Equal((before.Threads, before.Descriptors.Length), (after.Threads, after.Descriptors.Length));
        Assert.Equal(0, program.Command(LimitMemory, 0));
        using TraceSession session = program.Attach(); // the control: it was the limit
        Assert.Equal(2, session.Add(_graph).Armed);
        session.Detach();
        program.AssertRight();
    }

    /// <summary>What is shared with the tracer or holds what it will write is in no core dump; no descriptor is left in the target.</summary>
    [Fact]
    public void Core_dumps_hold_no_rings_and_the_descriptors_are_the_programs_own()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        (string[] maps, string[] descriptors, _) = Seen(program);
        using TraceSession session = program.Attach();
        session.Add(_graph);
        program.Run(1000);
        Assert.Equal(descriptors, Seen(program).Descriptors);
        List<string> ring = [.. Smaps(program).Where(m => m.Contains("memfd:calltap", StringComparison.Ordinal))];
        Assert.NotEmpty(ring);
        Assert.All(ring, m => Assert.Contains(" dd", Flags(m), StringComparison.Ordinal));
        Assert.Contains(Smaps(program), m => !Flags(m).Contains(" dd", StringComparison.Ordinal)); // the program's own are dumped
        session.Detach();
        Assert.Equal(descriptors, Seen(program).Descriptors);
        Assert.InRange(Seen(program).Maps.Except(maps).Count(), 0, 1);
        program.AssertRight();
    }

    /// <summary>A page that the program writes to is not written as a whole: what it stores meanwhile would be undone.</summary>
    [Fact]
    public void A_page_that_the_program_writes_is_left_to_it()
    {
        using SmallProgram program = SmallProgram.Start("guest", 1, 1);
        Assert.Equal(0, program.Command(StartPage));
        using TraceSession session = program.Attach();
        Op op = OpOf(OpKind.Graph, "guest_paged");
        for (int i = 0; i < LiveTest.Repeat(10, 1000); i++)
        {
            Assert.Equal(1, session.Add(op).Armed);
            Assert.Equal(0, session.Remove(op).Armed);
            Assert.True(program.IsRunning, program.Output);
        }
        Assert.True(program.Control.Result(1) > 100_000, "the program must write meanwhile");
        Assert.Equal(0, program.Control.Result(2));
        AssertWholePageWritesLose(program, session);
        Assert.Equal(0, program.Command(EndPage));
        session.Detach();
        program.AssertRight();
    }

    /// <summary>The control: a page read and written back undoes what was stored between.</summary>
    static void AssertWholePageWritesLose(SmallProgram program, TraceSession session)
    {
        var writer = new TargetTextWriter(session.Target);
        var page = new byte[4096];
        TargetAddress start = Function(session, "guest_paged").Address;
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal(page.Length, session.Target.ReadMemory(start, page));
                writer.WritePage(start, page);
            }
            return program.Control.Result(2) > 0;
        }), "no store was undone");
    }

    /// <summary>A trampoline finds a thread's ring by its thread pointer: threads that have none, or another's, are not traced.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_thread_that_libc_did_not_make_is_refused(bool withoutPointer)
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        using (TraceSession session = program.Attach()) Assert.Equal(2, session.Add(_graph).Armed); // the control
        Assert.Equal(0, program.Command(StartRawThread, withoutPointer ? 1 : 0));
        AttachException refusal = Assert.Throws<AttachException>(program.Attach);
        Assert.Equal(AttachRefusal.Unsupported, refusal.Reason);
        Assert.Contains("thread pointer", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refusal.Message, StringComparison.Ordinal);
        program.Run(1000);
        Assert.True(program.IsRunning);
        Assert.Equal(0, program.Control.WrongResults);
    }

    /// <summary>
    /// On a busy machine a thread may wait for its first moment of CPU time for longer than anybody would wait for one that was not made by
    /// libc: what it has not set up yet is no reason to refuse. (The control is above: one that has run a while.)
    /// </summary>
    [Fact]
    public void A_thread_that_has_hardly_run_is_waited_for()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        Assert.Equal(0, program.Command(StartRawThread, 2));
        int threads = ProcFiles.Threads(program.Pid).Count;
        using TraceSession session = program.Attach();
        Assert.Equal(threads - 1, ProcFiles.Threads(program.Pid).Count); // it has ended meanwhile
        Assert.Equal(2, session.Add(_graph).Armed);
        program.Run(1000);
        session.Detach();
        program.AssertRight();
    }

    /// <summary>Such a thread waits outside any system call, at any pc: it counts as outside only by its pc, and is moved in a stop.</summary>
    [Fact]
    public void A_thread_that_waits_for_a_page_inside_a_region_comes_out_right()
    {
        using SmallProgram program = SmallProgram.Start("guest", 0);
        long error = program.Command(StartFault);
        Assert.SkipWhen(error != 0, $"no userfaultfd here: errno {error}");
        using TraceSession session = program.Attach();
        TargetAddress inside = Function(session, "guest_faulted").Address + 1;
        bool Waits(Tid tid) => ThreadLook.At(program.Pid, tid) is { Activity: ThreadActivity.Blocked } look && look.Pc == inside.Value;
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => session.Target.ReadThreads().Any(Waits)), "no thread waits inside the region");
        Op op = OpOf(OpKind.Graph, "guest_faulted");
        ArmReport report = session.Add(op);
        output.WriteLine($"armed {report.Armed}, moved {session.Traps.Moved}, {string.Join(", ", report.Refused.Select(r => r.Reason))}");
        Assert.True(report.Armed == 1 ? session.Traps.Moved > 0 : report.Refused.Count == 1, "neither moved nor refused");
        Assert.False(report.Armed == 1 && session.Target.ReadThreads().Any(Waits), "it still waits inside the region");
        Assert.Equal(1003, program.Command(EndFault));
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>A program that catches faults looks at the pc: instructions that may fault run where they are.</summary>
    [Fact]
    public void A_fault_handler_sees_the_pc_that_it_knows()
    {
        using SmallProgram program = SmallProgram.Start("guest", 0);
        using (TraceSession uncaught = program.Attach()) // the control: only a handler makes the difference
        {
            Assert.NotNull(Function(uncaught, "guest_faults_first").Plan.Entry);
            Assert.Single(Function(uncaught, "guest_faults_last").Plan.Exits);
        }
        Assert.Equal(0, program.Command(CatchFaults));
        using TraceSession session = program.Attach();
        Assert.Equal(RefusalReason.MayFault, Function(session, "guest_faults_first").Plan.EntryRefusal);
        Assert.Equal(RefusalReason.MayFault, Assert.Single(Function(session, "guest_faults_last").Plan.RefusedExits).Reason);
        Assert.Equal(2, session.Add(OpOf(OpKind.Graph, "guest_faults_*")).Armed);
        Assert.Equal(0, program.Command(Fault));
        Assert.Equal((3, 0), (program.Control.Result(1), program.Control.Result(2)));
        session.Detach();
        program.AssertRight();
    }

    static Op OpOf(OpKind kind, params string[] functions) => new(kind, FunctionFilter.Parse(functions, []), "guest");

    static TargetFunction Function(TraceSession session, string name) => session.Catalog.Functions.Single(f => f.Name == name);

    static long Locked(SmallProgram program) => ProcStatus.Parse(File.ReadAllText($"/proc/{program.Pid}/status")).LockedBytes.Value;

    static (string[] Maps, string[] Descriptors, int Threads) Seen(SmallProgram program) => (
        [.. File.ReadLines($"/proc/{program.Pid}/maps").Select(line => line.Split(' ')[0])],
        [.. Directory.EnumerateFileSystemEntries($"/proc/{program.Pid}/fd").Order(StringComparer.Ordinal)],
        Directory.GetDirectories($"/proc/{program.Pid}/task").Length);

    /// <summary>One text for each mapping.</summary>
    static List<string> Smaps(SmallProgram program)
    {
        var mappings = new List<string>();
        foreach (string line in File.ReadLines($"/proc/{program.Pid}/smaps"))
            if (line.Contains(':', StringComparison.Ordinal) && char.IsUpper(line[0])) mappings[^1] += "\n" + line;
            else mappings.Add(line);
        return mappings;
    }

    static string Flags(string mapping) => mapping.Split('\n').Single(line => line.StartsWith("VmFlags:", StringComparison.Ordinal));
}
