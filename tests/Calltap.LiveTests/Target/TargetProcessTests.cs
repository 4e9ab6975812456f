using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

public sealed class TargetProcessTests
{
    [Fact]
    public void Code_is_listed_as_in_the_list_of_all_mappings()
    {
        using LiveProgram program = LiveProgram.StartBusy(threads: 1);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        var code = new List<CodeMapping>();
        Assert.True(target.ReadCode(code));
        Assert.Equal(CodeMapping.In(target.ReadMappings()), code);
        Assert.True(code.Count >= 3, "a program, the linker and a library");
    }

    [Fact]
    public void A_running_program_can_be_looked_at()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        Assert.Equal("busy", target.Name);
        Assert.EndsWith("/busy", target.ExecutablePath, StringComparison.Ordinal);
        Assert.Equal(4, target.ReadThreads().Count);
        MemoryMapping image = target.ReadMappings()[0];
        byte[] magic = new byte[4];
        Assert.Equal(4, target.ReadMemory(image.Start, magic));
        Assert.Equal("\u007fELF"u8.ToArray(), magic);
        Assert.Equal(0, target.ReadMemory(default, magic));
        using var file = target.OpenMappedFile(image);
        Assert.NotNull(file);
        Assert.Equal(image.Inode, FileIdentity.Inode(file));
    }

    [Fact]
    public void Its_end_is_noticed()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        Assert.False(target.HasExited);
        Assert.False(target.MemoryIsGone);
        Assert.Equal(0, program.Stop());
        Assert.True(target.HasExited);
        Assert.True(target.MemoryIsGone);
        Assert.Empty(target.ReadThreads());
        AttachException refusal = Assert.Throws<AttachException>(() => Injection.Run(target, new TargetTextWriter(target), t => 0));
        Assert.Equal(AttachRefusal.TargetEnded, refusal.Reason);
    }

    /// <summary>Its files are empty, and its threads have left the list, before its memory is gone: who is told of an end by them must find it.</summary>
    [Fact]
    public void An_end_that_was_told_is_found()
    {
        for (int i = 0, rounds = LiveTest.Repeat(5, 200); i < rounds; i++)
        {
            using LiveProgram program = LiveProgram.StartBusy(threads: 64);
            using TargetProcess target = TargetProcess.Open(program.Pid);
            program.AskToStop();
            AttachException told = Assert.Throws<AttachException>(() => ReadForEver(target));
            Assert.Equal(AttachRefusal.TargetEnded, told.Reason);
            Assert.True(target.IsGoneAtLast, $"round {i}");
        }
    }

    private static void ReadForEver(TargetProcess target)
    {
        while (true) target.ReadMappings();
    }

    [Fact]
    public void What_is_about_to_end_runs_no_other_program()
    {
        using LiveProgram program = LiveProgram.StartLarge(megabytes: 512);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        Assert.False(target.RunsAnotherProgram);
        program.AskToStop();
        Assert.True(SpinWait.SpinUntil(() => target.MemoryIsGone, TimeSpan.FromSeconds(20)));
        bool runsAnother = target.RunsAnotherProgram, hadExited = target.HasExited;
        Assert.SkipWhen(hadExited, "it ended before we had looked: nothing was shown");
        Assert.False(runsAnother);
        Assert.True(target.IsGone);
    }

    [Fact]
    public void A_number_without_a_process_is_refused() => AssertRefused(new Pid(4_194_303), AttachRefusal.NoSuchProcess);

    [Fact]
    public void A_thread_is_refused_with_the_number_of_its_process()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        Tid thread = ProcFiles.Threads(program.Pid).First(t => t.Value != program.Pid.Value);
        AttachException refusal = AssertRefused(new Pid(thread.Value), AttachRefusal.NotAProcess);
        Assert.Contains($"-p {program.Pid}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_thread_is_refused()
    {
        const int Kthreadd = 2;
        Assert.SkipUnless(ProcFiles.TryReadText("/proc/2/comm") == "kthreadd\n", "this pid namespace has no kernel threads");
        AssertRefused(new Pid(Kthreadd), AttachRefusal.KernelThread);
    }

    [Fact]
    public void A_process_that_is_not_reaped_is_refused()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        Signals.Kill(program.Pid, Signals.SIGKILL).OrThrow("kill");
        Assert.True(program.Within(() => ProcFiles.Threads(program.Pid).Count == 1
            && ProcFiles.TryReadText(ProcFiles.Process(program.Pid, "status"))!.Contains("Z (zombie)", StringComparison.Ordinal)));
        AssertRefused(program.Pid, AttachRefusal.NoSuchProcess);
    }

    /// <summary>Neither has memory; kernels before 6.8 do not say which is which.</summary>
    [Theory]
    [InlineData("Pid:\t70\nPPid:\t1\nKthread:\t0\n", AttachRefusal.TargetEnded)]
    [InlineData("Pid:\t70\nPPid:\t2\nKthread:\t1\n", AttachRefusal.KernelThread)]
    [InlineData("Pid:\t70\nPPid:\t1\n", AttachRefusal.TargetEnded)]
    [InlineData("Pid:\t70\nPPid:\t2\n", AttachRefusal.KernelThread)]
    [InlineData("Pid:\t2\nPPid:\t0\n", AttachRefusal.KernelThread)]
    public void A_process_on_its_way_out_is_told_apart_from_a_kernel_thread(string status, AttachRefusal reason)
    {
        AttachException refusal = Assert.Throws<AttachException>(() =>
            AttachChecks.Check(new Pid(70), new Tid(70), ProcStatus.Parse($"Name:\tsome\nState:\tR (running)\n{status}")));
        Assert.Equal(reason, refusal.Reason);
    }

    [Fact]
    public void A_traced_process_is_refused_with_its_tracer()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        Pid tracer = Spawn.Start("/bin/sh", ["sh", "-c", $"exec strace -f -e trace=none -o /dev/null -p {program.Pid}"]).OrThrow("posix_spawn");
        try
        {
            bool traced = program.Within(() => ProcStatus.Parse(File.ReadAllText($"/proc/{program.Pid}/status")).TracerPid.Value != 0
                || ProcFiles.TryReadText($"/proc/{tracer}/stat")?.Contains(") Z ", StringComparison.Ordinal) != false);
            Assert.SkipUnless(traced && ProcStatus.Parse(File.ReadAllText($"/proc/{program.Pid}/status")).TracerPid.Value != 0, "no strace here");
            AttachException refusal = AssertRefused(program.Pid, AttachRefusal.AlreadyTraced);
            Assert.Contains("strace", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            Signals.Kill(tracer, Signals.SIGKILL);
            Wait.ForExitOf(tracer, out _);
        }
    }

    [Fact]
    public void A_process_under_a_seccomp_filter_is_refused()
    {
        using LiveProgram program = LiveProgram.StartBusy(variant: "seccomp");
        AssertRefused(program.Pid, AttachRefusal.SeccompFilter);
        program.AssertWorks();
    }

    [Fact]
    public void One_whose_filter_kills_lives_on()
    {
        using LiveProgram program = LiveProgram.StartBusy(variant: "seccomp-kills");
        AssertRefused(program.Pid, AttachRefusal.SeccompFilter);
        program.AssertWorks();
        const int SIGUSR1 = 10, SIGSYS = 31;
        Signals.Kill(program.Pid, SIGUSR1).OrThrow("kill"); // the control: it does what the helper would
        Assert.True(program.Within(() => ProcStatus.Parse(File.ReadAllText($"/proc/{program.Pid}/status")).IsDead), "the filter does not kill");
        Assert.Equal(-SIGSYS, program.Stop());
    }

    [Fact]
    public void A_stopped_process_is_refused_and_stays_stopped()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        Signals.Kill(program.Pid, Signals.SIGSTOP).OrThrow("kill");
        Assert.True(program.Within(() => target.ReadThreads().All(t => target.ReadStatus(t)?.State == 'T')));
        AttachException refusal = Assert.Throws<AttachException>(() => Injection.Run(target, new TargetTextWriter(target), t => 0));
        Assert.Equal(AttachRefusal.Stopped, refusal.Reason);
        Assert.All(target.ReadThreads(), t => Assert.Equal('T', target.ReadStatus(t)?.State));
        Signals.Kill(program.Pid, Signals.SIGCONT).OrThrow("kill");
        program.AssertWorks();
    }

    [Fact]
    public void A_program_whose_main_thread_has_ended_can_be_used()
    {
        using LiveProgram program = LiveProgram.StartBusy(variant: "leader-exits");
        Assert.True(program.Within(() => ProcStatus.Parse(File.ReadAllText($"/proc/{program.Pid}/status")).IsDead));
        using TargetProcess target = TargetProcess.Open(program.Pid);
        Assert.NotEmpty(target.ReadMappings());
        using (HelperThread helper = HelperThreadTests.Start(target, out _))
            Assert.True(helper.Exit());
        program.AssertWorks();
    }

    private static AttachException AssertRefused(Pid pid, AttachRefusal reason)
    {
        AttachException refusal = Assert.Throws<AttachException>(() => TargetProcess.Open(pid));
        Assert.Equal(reason, refusal.Reason);
        Assert.DoesNotContain("\n", refusal.Message, StringComparison.Ordinal);
        return refusal;
    }
}
