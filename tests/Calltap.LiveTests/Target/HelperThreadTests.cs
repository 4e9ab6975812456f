using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

public sealed class HelperThreadTests
{
    private const int NR_getpid = 39;
    private const int CodeAreaBytes = 65536;

    [Fact]
    public void A_helper_comes_works_and_goes_in_a_busy_program()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        int threads = target.ReadThreads().Count;
        string[] descriptors = Descriptors(program.Pid);

        using (HelperThread helper = Start(target))
        {
            Assert.Equal(program.Pid.Value, helper.Syscall(NR_getpid).OrThrow("getpid"));
            Assert.Equal(threads + 1, target.ReadThreads().Count);
            AssertShared(target, helper);
            Assert.Equal(Errno.EPERM, helper.SyncCores().Errno); // The control: not yet registered.
            helper.RegisterSyncCores().OrThrow("membarrier register");
            helper.SyncCores().OrThrow("membarrier");
            Assert.True(helper.Exit());
            TestContext.Current.SendDiagnosticMessage($"a thread was borrowed for {helper.BorrowedFor.TotalMicroseconds:F0} us");
        }

        Assert.Equal(threads, target.ReadThreads().Count);
        Assert.Equal(descriptors, Descriptors(program.Pid));
        Assert.DoesNotContain(target.ReadMappings(), m => m.Path == "/memfd:calltap");
        program.AssertWorks();
        Assert.Equal(0, program.Stop());
    }

    [Theory]
    [InlineData(0)] // before its files are open
    [InlineData(1)] // after
    public void A_helper_that_has_left_before_it_was_reached_is_not_taken_for_the_end_of_the_program(int step)
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        int threads = target.ReadThreads().Count;
        AttachException refusal = Assert.Throws<AttachException>(() => Start(target, out _, options => options with
        {
            Patience = TimeSpan.FromMilliseconds(step == 0 ? 0 : 100),
            Reaching = at => Assert.True(at < step || program.Within(() => target.ReadThreads().Count == threads)),
        }));
        Assert.Equal(AttachRefusal.Stopped, refusal.Reason);
        using (HelperThread next = Start(target)) Assert.True(next.Exit());
        program.AssertWorks();
        Assert.Equal(0, program.Stop());
    }

    [Fact]
    public void The_borrowed_thread_gets_its_whole_state_back_many_times()
    {
        using LiveProgram program = LiveProgram.StartBusy(threads: 2);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        TargetTextWriter writer = new(target);
        List<double> kept = [];
        for (int i = 0; i < LiveTest.Repeat(60, 2000); i++)
        {
            HijackedThread? borrowed = null;
            Assert.Equal(program.Pid.Value, Injection.Run(target, writer, thread => (borrowed = thread).Call(NR_getpid).OrThrow("getpid")));
            kept.Add(borrowed!.KeptFor.TotalMicroseconds);
        }

        kept.Sort();
        TestContext.Current.SendDiagnosticMessage($"a thread was borrowed for {kept[kept.Count / 2]:F0} us (median), {kept[^1]:F0} us (longest)");
        program.AssertWorks(threads: 2);
        Assert.Equal(0, program.Stop());
    }

    [Theory]
    [InlineData("all")]
    [InlineData("read")]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("condition")]
    [InlineData("timed")]
    [InlineData("absolute")]
    [InlineData("nanosleep")]
    public void Sleepers_never_see_an_EINTR(string kind)
    {
        string fifo = Path.Combine(Directory.CreateTempSubdirectory("calltap-fifo-").FullName, "fifo");
        using LiveProgram program = LiveProgram.StartSleepy(kind, fifo);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        TargetTextWriter writer = new(target);
        for (int i = 0; i < 10; i++)
            Injection.Run(target, writer, thread => thread.Call(NR_getpid).OrThrow("getpid"));
        using (HelperThread helper = Start(target))
            Assert.True(helper.Exit());

        Assert.Equal(0, program.Eintr);
        Assert.Equal(0, program.Errors);
        if (kind is "all" or "read")
        {
            using FileStream wake = new(fifo, FileMode.Open, FileAccess.Write);
            wake.Write([1]);
            wake.Flush();
            Assert.True(program.Within(() => program.Progress(0) + program.Progress(1) > 0));
        }

        Assert.Equal(0, program.Eintr);
    }

    [Fact]
    public void The_helper_leaves_when_the_tracer_lets_go_of_it()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        HelperThread helper = Start(target);
        helper.Dispose();
        Assert.True(program.Within(() => target.ReadThreads().Count == 4));
        program.AssertWorks();
    }

    [Fact]
    public void Code_of_ours_runs_in_the_helper()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        using HelperThread helper = Start(target, out TargetAddress area);
        TargetAddress function = area + HelperCode.MaximumBytes;
        new TargetTextWriter(target).Place(function, [0x48, 0x8d, 0x04, 0x37, 0xc3]); // lea rax, [rdi + rsi]; ret
        Assert.Equal(42, helper.Call(function, 40, 2));
        Assert.True(helper.Exit());
    }

    [Fact]
    public void A_second_helper_uses_the_code_of_the_first()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        using (HelperThread first = Start(target, out TargetAddress area))
        {
            Assert.True(first.Exit());
            HelperOptions again = new(area, new ByteSize(CodeAreaBytes), new ByteSize(65536)) { CodeAreaIsMapped = true };
            using HelperThread second = HelperThread.Start(target, new TargetTextWriter(target), again);
            Assert.Equal(program.Pid.Value, second.Syscall(NR_getpid).OrThrow("getpid"));
            TestContext.Current.SendDiagnosticMessage($"a thread was borrowed for {second.BorrowedFor.TotalMicroseconds:F0} us (warm)");
            Assert.True(second.Exit());
        }

        program.AssertWorks();
    }

    [Fact]
    public void An_occupied_code_area_is_refused_and_nothing_is_harmed()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        TargetAddress occupied = target.ReadMappings()[0].Start;
        HelperOptions options = new(occupied, new ByteSize(CodeAreaBytes), new ByteSize(65536));
        AttachException refusal = Assert.Throws<AttachException>(() => HelperThread.Start(target, new TargetTextWriter(target), options));
        Assert.Equal(AttachRefusal.Unsupported, refusal.Reason);
        program.AssertWorks();
        Assert.Equal(4, target.ReadThreads().Count);
    }

    private static HelperThread Start(TargetProcess target) => Start(target, out _);

    internal static HelperThread Start(TargetProcess target, out TargetAddress area, Func<HelperOptions, HelperOptions>? change = null)
    {
        area = FreeArea.Near(target, CodeAreaBytes);
        HelperOptions options = new(area, new ByteSize(CodeAreaBytes), new ByteSize(65536));
        return HelperThread.Start(target, new TargetTextWriter(target), change?.Invoke(options) ?? options);
    }

    private static unsafe void AssertShared(TargetProcess target, HelperThread helper)
    {
        helper.Shared.Pointer[Mailbox.Bytes] = 77;
        byte[] seen = new byte[1];
        Assert.Equal(1, target.ReadMemory(helper.SharedAddress + Mailbox.Bytes, seen));
        Assert.Equal(77, seen[0]);
    }

    private static string[] Descriptors(Pid pid) => [.. Directory.EnumerateFileSystemEntries(ProcFiles.Process(pid, "fd")).Order(StringComparer.Ordinal)];
}
