using Calltap.LiveTests.Engine;
using Calltap.Target;
using static Calltap.LiveTests.Surroundings.SurroundedProgram;

namespace Calltap.LiveTests.Surroundings;

/// <summary>Limits that leave no room for what a session needs: refused with the limit's name, and everything is taken back. (RLIMIT_AS, mlockall: Engine/GuestTests.)</summary>
[Collection(EngineTests.Name)]
public sealed class LimitTests
{
    // bits/resource.h
    const long FileSize = 1, Processes = 6, OpenFiles = 7, LockedMemory = 8;

    /// <summary>A memfd that grows beyond the limit raises SIGXFSZ, in the helper: it has all signals blocked, and takes it along.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(16 << 20)] // enough for the helper, not for the rings
    public void A_limit_of_file_sizes_is_named_and_no_signal_comes(long limit)
    {
        using SurroundedProgram target = Start();
        target.Do(SetLimit, FileSize, limit);
        target.AssertRefused(AttachRefusal.Unsupported, "ulimit -f");
        target.Program.AssertRight();
    }

    [Fact]
    public void A_limit_of_file_sizes_that_comes_later_is_no_matter()
    {
        using SurroundedProgram target = Start();
        using TraceSession session = target.Program.Attach();
        target.Do(SetLimit, FileSize, 2 << 20); // the next helper's memory is smaller
        target.AssertTraced(session);
        target.Program.AssertRight();
    }

    [Fact]
    public void A_limit_of_descriptors_is_named()
    {
        using SurroundedProgram target = Start();
        target.Do(SetLimit, OpenFiles, 2);
        target.AssertRefused(AttachRefusal.Unsupported, "ulimit -n");
        target.Program.AssertRight();
    }

    /// <summary>They are the helper's own: none is taken from the program.</summary>
    [Fact]
    public void Four_descriptors_are_enough()
    {
        using SurroundedProgram target = Start();
        target.Do(SetLimit, OpenFiles, 4);
        target.AssertTraced();
        target.Program.AssertRight();
    }

    /// <summary>Root is not bound by it.</summary>
    [Fact]
    public void A_limit_of_processes_is_named()
    {
        using SurroundedProgram target = IdentityTests.StartByNobody("--clear-groups");
        target.Do(SetLimit, Processes, 1);
        target.AssertRefused(AttachRefusal.Unsupported, "clone of the helper thread", "ulimit -u");
        target.Program.AssertRight();
    }

    [Fact]
    public void A_limit_of_locked_memory_is_named()
    {
        using SurroundedProgram target = IdentityTests.StartByNobody("--clear-groups");
        target.Do(SetLimit, LockedMemory, 64 << 10);
        target.Do(LockMemory);
        target.AssertRefused(AttachRefusal.Unsupported, "ulimit -l");
        target.Program.AssertRight();
    }

    [Fact]
    public void A_control_group_that_is_full_is_named()
    {
        using var group = PidsGroup.Create();
        using SurroundedProgram target = Start();
        group.Add(target.Pid);
        group.Limit(target.Before.Threads);
        target.AssertRefused(AttachRefusal.Unsupported, "clone of the helper thread", "pids.max");
        group.Limit(target.Before.Threads + 1);
        target.AssertTraced(); // the control: one thread is what is wanted
        target.Program.AssertRight();
    }

    /// <summary>A group that fills while functions are armed: they stay so until there is room for a thread again.</summary>
    [Fact]
    public void A_control_group_that_fills_while_functions_are_armed_is_outlived()
    {
        using var group = PidsGroup.Create();
        using SurroundedProgram target = Start();
        group.Add(target.Pid);
        using TraceSession session = target.Program.Attach();
        Assert.Equal(2, session.Add(Graph).Armed);
        group.Limit(target.Before.Threads);
        AssertSays(Assert.Throws<AttachException>(() => session.Detach()), AttachRefusal.Unsupported, "pids.max", $"stay armed until `calltap detach -p {target.Pid}`");
        target.AssertWorks();
        group.Limit(target.Before.Threads + 1);
        target.AssertDetached(session);
        target.Program.AssertRight();
    }

    /// <summary>Jumps reach 2 GiB: no page there at all, or enough for the helper's code and not for trampolines.</summary>
    [Theory]
    [InlineData(0, "no free page within 2 GiB of the code")]
    [InlineData((128 << 10) + 8 * 4096, "KiB within 2 GiB of surroundings")] // 64 KiB on either side are kept free
    public void No_room_near_the_text_is_told(long left, string says)
    {
        using SurroundedProgram target = Start();
        target.Do(FillMemory, left);
        target.LookAgain();
        target.AssertRefused(AttachRefusal.Unsupported, says);
        target.Program.AssertRight();
    }
}
