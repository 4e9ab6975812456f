using Calltap.LiveTests.Engine;
using Calltap.Target;
using static Calltap.LiveTests.Surroundings.SurroundedProgram;

namespace Calltap.LiveTests.Surroundings;

/// <summary>Whose a program is, and what it says of itself. (The refusal of somebody else's: Cli/BadInputTests.)</summary>
[Collection(EngineTests.Name)]
public sealed class IdentityTests
{
    const long Nobody = 65534;

    [Fact]
    public void Root_traces_the_program_of_another_user()
    {
        using SurroundedProgram target = StartByNobody("--clear-groups");
        target.AssertTraced();
        target.Program.AssertRight();
    }

    [Fact]
    public void A_program_that_gives_up_its_user_while_it_is_traced_is_disarmed()
    {
        Assert.SkipUnless(IsRoot, "needs root");
        using SurroundedProgram target = Start();
        using (TraceSession session = target.Program.Attach())
        {
            Assert.Equal(2, session.Add(Graph).Armed);
            target.Do(BecomeUser, Nobody);
            session.Remove(Graph);
            target.AssertTraced(session);
        }
        target.AssertTraced();
        target.Program.AssertRight();
    }

    /// <summary>Its files in /proc are root's then.</summary>
    [Fact]
    public void A_program_that_is_not_to_be_dumped_is_traced_by_root()
    {
        Assert.SkipUnless(IsRoot, "needs root");
        using SurroundedProgram target = Start();
        using (TraceSession session = target.Program.Attach())
        {
            target.Do(SetDumpable, 0);
            target.AssertTraced(session);
        }
        target.AssertTraced();
        target.Program.AssertRight();
    }

    [Fact]
    public void A_program_that_gains_no_privileges_is_traced()
    {
        using SurroundedProgram target = Start();
        target.Do(NoNewPrivileges);
        target.AssertTraced();
        target.Program.AssertRight();
    }

    /// <summary>The helper has a table of descriptors of its own.</summary>
    [Fact]
    public void A_program_that_closes_every_descriptor_is_traced()
    {
        using SurroundedProgram target = Start();
        using (TraceSession session = target.Program.Attach())
        {
            Assert.Equal(2, session.Add(Graph).Armed);
            target.Do(CloseAll);
            session.Remove(Graph);
            target.AssertTraced(session);
        }
        target.LookAgain();
        Assert.Equal(0, target.Before.Descriptors);
        target.AssertTraced();
        Assert.Equal(0, ProcessLook.At(target.Pid).Descriptors);
        target.Program.AssertRight();
    }

    [Fact]
    public void The_limits_of_yama_are_named()
    {
        const string Scope = "/proc/sys/kernel/yama/ptrace_scope";
        Assert.SkipUnless(File.Exists(Scope), "this kernel has no yama");
        Assert.SkipUnless(File.ReadAllText(Scope).Trim() != "0" && !IsRoot, "yama forbids nothing here");
        using SurroundedProgram target = StartBy("setsid");
        target.AssertRefused(AttachRefusal.Yama, "kernel.yama.ptrace_scope is ", "run calltap as root");
    }

    internal static SurroundedProgram StartByNobody(params string[] more)
    {
        Assert.SkipUnless(IsRoot, "needs root");
        string[] by = ["setpriv", "--reuid", $"{Nobody}", "--regid", $"{Nobody}", .. more];
        SkipWithout([.. by, "test", "-x", SurroundedProgram.Path]);
        return StartBy(by);
    }
}
