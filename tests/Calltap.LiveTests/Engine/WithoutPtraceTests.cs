using Calltap.Modules;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>What a window without a ptracer is refused for: where a breakpoint would end the program, with nobody there to help.</summary>
[Collection(EngineTests.Name)]
public sealed class WithoutPtraceTests
{
    const int Threads = 3, BlockTraps = 4;

    [Fact]
    public void A_thread_that_blocks_SIGTRAP_is_a_reason_to_refuse()
    {
        using SmallProgram program = SmallProgram.Start("kept", Threads);
        var op = new Op(OpKind.Count, FunctionFilter.Parse(["kept_*"], []), "kept");
        using TraceSession session = program.Attach();
        session.WithoutPtrace = true;
        Assert.True(session.Add(op).Armed > 4); // the control
        session.Remove(op);
        program.Control.Run(BlockTraps, EngineTests.Patience);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => session.Target.ReadThreads().Any(tid => Blocks(session.Target, tid))), "no thread blocks it");
        AttachException refusal = Assert.Throws<AttachException>(() => session.Add(op));
        Assert.Equal(AttachRefusal.Unsupported, refusal.Reason);
        Assert.Contains("blocks SIGTRAP", refusal.Message, StringComparison.Ordinal);
        TextImage.AssertRestored(session.Target, session.Catalog);
        session.WithoutPtrace = false;
        Assert.True(session.Add(op).Armed > 4);
        session.Detach();
        program.AssertRight();
    }

    [Fact]
    public void A_handler_of_the_programs_own_is_a_reason_to_refuse()
    {
        using SmallProgram program = SmallProgram.Start("parked", 1, 2);
        using TraceSession session = program.Attach();
        session.WithoutPtrace = true;
        var op = new Op(OpKind.Count, FunctionFilter.Parse(["park_*"], []), "parked");
        AttachException refusal = Assert.Throws<AttachException>(() => session.Add(op));
        Assert.Contains("handles SIGTRAP", refusal.Message, StringComparison.Ordinal);
        TextImage.AssertRestored(session.Target, session.Catalog);
        session.WithoutPtrace = false;
        Assert.True(session.Add(op).Armed > 0);
        session.Detach();
        program.AssertRight();
    }

    [Fact]
    public void Functions_of_the_C_library_are_refused()
    {
        using SmallProgram program = SmallProgram.Start("eight", Threads);
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Scope = FunctionScope.All });
        session.WithoutPtrace = true;
        AttachException refusal = Assert.Throws<AttachException>(() => session.Add(new Op(OpKind.Count, FunctionFilter.Parse(["nanosleep", "clock_nanosleep"], []), "libc")));
        Assert.Contains("libc", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, session.Add(new Op(OpKind.Count, FunctionFilter.Parse(["one_leaf"], []), "leaf")).Armed);
        session.Detach();
        program.AssertRight();
    }

    static bool Blocks(TargetProcess target, Tid tid) =>
        target.ReadStatus(tid) is { } status && (status.BlockedSignals & Native.Signals.Bit(Native.Signals.SIGTRAP)) != 0;
}
