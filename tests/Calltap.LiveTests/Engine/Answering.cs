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
    /// <summary>Has a session do so.</summary>
    public static void AnswerBy(this TraceSession session, Answering answering)
    {
        session.AnswersInTarget = answering == Answering.HandlerBehindGuard;
        session.WithoutPtrace = answering == Answering.HandlerAlone;
    }
}
