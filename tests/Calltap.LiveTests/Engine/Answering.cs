using Calltap.Native;

namespace Calltap.LiveTests.Engine;

/// <summary>Who answers the breakpoints of a window.</summary>
public enum Answering
{
    /// <summary>The guard, by ptrace.</summary>
    Guard,

    /// <summary>The trap handler in the target; the guard passes every trap on to it.</summary>
    HandlerBehindGuard,

    /// <summary>The trap handler in the target; nobody is traced.</summary>
    HandlerAlone,
}

static class AnsweringExtensions
{
    /// <summary>Skips a test whose way of answering needs rights that are missing here.</summary>
    public static void SkipUnlessAllowed(this Answering answering)
    {
        if (answering != Answering.HandlerAlone) return;
        using SignalCounter? counter = SignalCounter.TryOpen(SystemCall.CurrentThread());
        Assert.SkipWhen(counter is null, "needs the right to use perf events and tracepoints");
    }

    /// <summary>Has a session do so.</summary>
    public static void AnswerBy(this TraceSession session, Answering answering)
    {
        session.AnswersInTarget = answering == Answering.HandlerBehindGuard;
        session.WithoutPtrace = answering == Answering.HandlerAlone;
    }
}
