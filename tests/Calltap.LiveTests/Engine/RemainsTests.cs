using Calltap.Code.Emit;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.LiveTests.Engine;

/// <summary>What a detach has to leave mapped, because a thread may come back to it, is unmapped by a later one.</summary>
[Collection(EngineTests.Name)]
public sealed class RemainsTests
{
    const int KeepWord = 14;

    readonly Op _op = new(OpKind.Graph, FunctionFilter.Parse(["guest_leaf"], []), "test");

    [Fact]
    public void What_a_detach_leaves_a_later_one_unmaps()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        TraceOnce(program, _ => { });
        int mappings = Mappings(program); // the page of the helper's code is one of them
        Assert.Empty(Left(program));

        TraceOnce(program, arena => program.Command(KeepWord, (long)arena.Value));
        SessionRemains kept = Assert.Single(Left(program)); // the control: a word on a stack keeps it
        TraceOnce(program, _ => { });
        Assert.Equal(kept.Session, Assert.Single(Left(program)).Session); // it still does

        program.Command(KeepWord, 0);
        TraceOnce(program, _ => { });
        Assert.Empty(Left(program));
        Assert.Equal(mappings, Mappings(program));
        program.AssertRight();
    }

    [Fact]
    public void So_does_the_restoring_of_a_session_that_was_left()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        TraceOnce(program, arena => program.Command(KeepWord, (long)arena.Value));
        Assert.Single(Left(program));
        program.Command(KeepWord, 0);
        using TraceSession session = program.Attach();
        Assert.Equal(1, session.Add(_op).Armed);
        Assert.Equal(2, Left(program).Count);
        using (TargetProcess target = TargetProcess.Open(program.Pid))
            Assert.Empty(LeftSession.Find(target)!.Restore().Refused);
        Assert.Empty(Left(program));
        program.Run(1000);
        program.AssertRight();
    }

    /// <summary>What the rings hold when a session ends is read afterwards, also where their memory stays mapped.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_event_is_lost_by_a_detach(bool keepsMemory)
    {
        const int Rounds = 1000;
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        using TraceSession session = program.Attach();
        Assert.Equal(1, session.Add(_op).Armed);
        using (TargetProcess target = TargetProcess.Open(program.Pid))
            if (keepsMemory) program.Command(KeepWord, (long)LeftSession.Find(target)!.Remains.Arenas[0].Start.Value + 64);
        program.Run(Rounds);
        session.Detach();
        Assert.Equal(keepsMemory ? 1 : 0, Left(program).Count);
        Assert.Equal(2L * 4 * Rounds * 2, Enumerable.Range(0, (int)session.Memory.Taken).Sum(i => EventsIn(session.Memory, session.Memory.OfferedAt((ulong)i))));
        program.AssertRight();
    }

    static long EventsIn(SessionMemory memory, int index) =>
        new RingReader(new ByteSize(memory.Layout.RingSize)).Drain(memory.Ring(index), memory.Read(index, ThreadHeaderLayout.Head), new TraceEvent[1 << 16]);

    /// <param name="program">The program.</param>
    /// <param name="armed">Told an address in an arena while a function is armed.</param>
    void TraceOnce(SmallProgram program, Action<TargetAddress> armed)
    {
        using TraceSession session = program.Attach();
        Assert.Equal(1, session.Add(_op).Armed);
        using (TargetProcess target = TargetProcess.Open(program.Pid))
            armed(LeftSession.Find(target)!.Remains.Arenas[0].Start + 64);
        program.Run(1000);
        session.Detach();
    }

    static IReadOnlyList<SessionRemains> Left(SmallProgram program)
    {
        using TargetProcess target = TargetProcess.Open(program.Pid);
        return [.. LeftSession.FindAll(target).Select(session => session.Remains)];
    }

    static int Mappings(SmallProgram program) => File.ReadLines($"/proc/{program.Pid}/maps").Count();
}
