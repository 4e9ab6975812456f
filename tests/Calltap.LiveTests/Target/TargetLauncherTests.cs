using Calltap.Native;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

public sealed class TargetLauncherTests
{
    private const int NR_getpid = 39;

    [Fact]
    public void A_command_is_held_at_its_entry_with_its_libraries_loaded()
    {
        using TargetLauncher launcher = TargetLauncher.Start("sh", ["-c", "exit 7"]);
        using (TargetProcess target = TargetProcess.Open(launcher.Pid))
        {
            Assert.Single(target.ReadThreads());
            Assert.Contains(target.ReadMappings(), m => m.Path.Contains("libc", StringComparison.Ordinal));
            Assert.Equal("sh", target.Name);
        }

        launcher.Release();
        Assert.Equal(new CommandExit(7, 0), launcher.WaitForExit());
    }

    [Fact]
    public void System_calls_and_a_helper_can_be_injected_while_it_is_held()
    {
        using TargetLauncher launcher = TargetLauncher.Start("sh", ["-c", "exit 3"]);
        using (TargetProcess target = TargetProcess.Open(launcher.Pid))
        {
            TargetTextWriter writer = new(target);
            for (int i = 0; i < 20; i++)
                Assert.Equal(launcher.Pid.Value, Injection.RunHeld(target, writer, launcher.Thread, launcher.HeldThread, t => t.Call(NR_getpid).OrThrow("getpid")));
            HelperOptions options = new(FreeArea.Near(target, 65536), new ByteSize(65536), new ByteSize(65536)) { Holder = launcher.Thread, HeldThread = launcher.HeldThread };
            using HelperThread helper = HelperThread.Start(target, writer, options);
            Assert.Equal(launcher.Pid.Value, helper.Syscall(NR_getpid).OrThrow("getpid"));
            Assert.True(helper.Exit());
        }

        launcher.Release();
        Assert.Equal(new CommandExit(3, 0), launcher.WaitForExit());
    }

    [Fact]
    public void The_end_by_a_signal_is_told()
    {
        using TargetLauncher launcher = TargetLauncher.Start("sh", ["-c", "kill -TERM $$"]);
        launcher.Release();
        Assert.Equal(new CommandExit(143, 15), launcher.WaitForExit());
    }

    [Theory]
    [InlineData("no-such-command-anywhere", "no such command")]
    [InlineData("/no/such/file", "no such file")]
    [InlineData("/etc/passwd", "not executable")]
    public void A_command_that_cannot_run_is_refused_in_one_line(string command, string text)
    {
        AttachException refusal = Assert.Throws<AttachException>(() => TargetLauncher.Start(command, []));
        Assert.Equal(AttachRefusal.CannotRun, refusal.Reason);
        Assert.Contains(text, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SIGPIPE_is_not_ignored_in_a_command()
    {
        using TargetLauncher launcher = TargetLauncher.Start("sh", ["-c", "kill -PIPE $$; exit 0"]);
        launcher.Release();
        Assert.Equal(Signals.SIGPIPE, launcher.WaitForExit().Signal);
    }
}
