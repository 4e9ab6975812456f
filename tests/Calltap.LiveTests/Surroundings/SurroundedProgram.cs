using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Surroundings;

/// <summary>surroundings.c, and what every test of it asks: exact counts and whole text where it can be traced, one line and nothing changed where not.</summary>
sealed class SurroundedProgram : IDisposable
{
    // Commands of surroundings.c.
    public const int Forbid = 2, MakeMemfd = 3, SetLimit = 4, CloseAll = 5, SetDumpable = 6, ChangeRoot = 7, BecomeUser = 8, NoNewPrivileges = 9, FillMemory = 10, LockMemory = 11;

    const int Threads = 2, Rounds = 500;

    SurroundedProgram(SmallProgram program)
    {
        Program = program;
        Before = ProcessLook.At(program.Pid);
    }

    public SmallProgram Program { get; }

    public Pid Pid => Program.Pid;

    /// <summary>As it was before anybody traced it.</summary>
    public ProcessLook Before { get; private set; }

    public static Op Graph { get; } = new(OpKind.Graph, FunctionFilter.Parse(["around_*"], []), "graph");

    public static string Path => SmallProgram.Build("surroundings");

    public static bool IsRoot => Environment.UserName == "root";

    public static SurroundedProgram Start() => new(SmallProgram.Start("surroundings", Threads, 1));

    /// <summary>Started by another command, as <see cref="SmallProgram.StartBy"/>.</summary>
    public static SurroundedProgram StartBy(params string[] by) => StartBy(by, Path);

    public static SurroundedProgram StartBy(string[] by, string path) => new(SmallProgram.StartBy(by, path, Threads));

    /// <summary>Skips the test where this command does not succeed.</summary>
    public static void SkipWithout(params string[] command)
    {
        using SpawnedProgram able = SpawnedProgram.Start("env", command);
        Assert.SkipUnless(able.Wait(EngineTests.Patience) == 0, $"not possible here: {string.Join(' ', command)}: {able.Output.Trim()}");
    }

    /// <summary>A command of surroundings.c that has to succeed.</summary>
    public void Do(int command, params ReadOnlySpan<long> arguments) => Assert.Equal(0, Program.Command(command, arguments));

    /// <summary>From now on this is how it has to look.</summary>
    public void LookAgain() => Before = ProcessLook.At(Pid);

    /// <summary>Refused with this reason and in one line that says these words; it works on, and nothing of it has changed.</summary>
    public AttachException AssertRefused(AttachRefusal reason, params string[] says)
    {
        AttachException refusal = Assert.Throws<AttachException>(() => Program.Attach().Dispose());
        AssertSays(refusal, reason, says);
        ProcessLook.AssertUnchanged(Before, Pid);
        AssertWorks();
        return refusal;
    }

    public static void AssertSays(AttachException refusal, AttachRefusal reason, params string[] says)
    {
        Assert.True(reason == refusal.Reason, refusal.Message);
        Assert.DoesNotContain("\n", refusal.Message, StringComparison.Ordinal);
        Assert.All(says, text => Assert.Contains(text, refusal.Message, StringComparison.Ordinal));
    }

    /// <summary>Attaches, and asserts as <see cref="AssertTraced(TraceSession)"/>.</summary>
    public void AssertTraced()
    {
        using TraceSession session = Program.Attach();
        AssertTraced(session);
    }

    /// <summary>Every call is counted, by two ops that come and go, and afterwards every byte is as it was.</summary>
    public void AssertTraced(TraceSession session)
    {
        var count = new Op(OpKind.Count, FunctionFilter.Parse(["around_*"], []), "count");
        Assert.Equal(2, session.Add(count).Armed);
        Assert.Equal(2, session.Add(Graph).Armed);
        Assert.NotEqual(Before.Text, ProcessLook.At(Pid).Text); // or the last line could not fail
        AssertWorks();
        Assert.Equal(2, session.Remove(Graph).Armed);
        AssertWorks();
        AssertDetached(session);
        Assert.Equal(2ul * 5 * Threads * Rounds, session.Counts(count).Values.Aggregate((a, b) => a + b));
    }

    public void AssertDetached(TraceSession session)
    {
        Assert.NotNull(session.Detach());
        Assert.Equal(Before.Text, ProcessLook.At(Pid).Text);
        Assert.Equal(Before.Threads, ProcessLook.At(Pid).Threads);
    }

    /// <summary>Its threads make calls, and all results are right.</summary>
    public void AssertWorks()
    {
        long before = Program.Control.Threads.Sum(thread => thread.Rounds);
        Program.Run(Rounds);
        Assert.Equal(before + Threads * Rounds, Program.Control.Threads.Sum(thread => thread.Rounds));
        Assert.Equal(0, Program.Control.WrongResults);
    }

    public void Dispose() => Program.Dispose();
}
