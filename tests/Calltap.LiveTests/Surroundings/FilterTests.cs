using Calltap.LiveTests.Engine;
using Calltap.Target;
using static Calltap.LiveTests.Surroundings.SurroundedProgram;

namespace Calltap.LiveTests.Surroundings;

/// <summary>Programs that put themselves into a seccomp sandbox, before they are traced and while they are.</summary>
[Collection(EngineTests.Name)]
public sealed class FilterTests
{
    const long KillProcess = 0x80000000, Trap = 0x30000, ErrnoEperm = 0x50001;
    const int EPERM = 1, DiedOfSIGSYS = 128 + 31;

    [Theory]
    [InlineData(KillProcess)]
    [InlineData(Trap)]
    [InlineData(ErrnoEperm)]
    public void A_filter_is_refused_whatever_it_answers(long answer)
    {
        using SurroundedProgram target = Start();
        target.Do(Forbid, answer, 1);
        target.AssertRefused(AttachRefusal.SeccompFilter, "seccomp filter", "start it without its sandbox");
        AssertFilterActs(target, answer);
    }

    /// <summary>
    /// What was armed cannot be disarmed: the helper would be made under the filter. It is told, and the program goes on through its trampolines.
    /// </summary>
    [Theory]
    [InlineData(KillProcess)]
    [InlineData(ErrnoEperm)]
    public void A_filter_that_comes_while_functions_are_armed_ends_the_tracing_not_the_program(long answer)
    {
        using SurroundedProgram target = Start();
        using TargetHolder session = new(target.Program.Attach());
        Assert.Equal(2, session.Session.Add(Graph).Armed);
        target.Do(Forbid, answer, 1);
        AssertSays(Assert.Throws<AttachException>(() => session.Session.Remove(Graph)), AttachRefusal.SeccompFilter, "start it without its sandbox");
        AssertSays(Assert.Throws<AttachException>(() => session.Session.Detach()), AttachRefusal.SeccompFilter, "its functions stay armed until it ends");
        target.AssertWorks();
        AssertFilterActs(target, answer);
    }

    /// <summary>Filters are per thread, and handed on to those that a thread makes.</summary>
    [Fact]
    public void Where_one_thread_has_a_filter_another_is_borrowed()
    {
        using SurroundedProgram target = Start();
        using TraceSession session = target.Program.Attach();
        Assert.Equal(2, session.Add(Graph).Armed);
        target.Do(Forbid, KillProcess, 0);
        target.AssertWorks();
        target.AssertDetached(session);
        target.AssertWorks();
        target.AssertRefused(AttachRefusal.SeccompFilter, "seccomp filter"); // a new session looks at all threads
        AssertFilterActs(target, KillProcess);
    }

    /// <summary>The control: the filter answers what the helper would have called.</summary>
    static void AssertFilterActs(SurroundedProgram target, long answer)
    {
        if (answer == ErrnoEperm)
        {
            Assert.Equal(EPERM, target.Program.Command(MakeMemfd));
            target.Program.AssertRight();
            return;
        }
        target.Program.Control.Post(MakeMemfd);
        Assert.Equal(DiedOfSIGSYS, target.Program.WaitForExit());
    }
}
