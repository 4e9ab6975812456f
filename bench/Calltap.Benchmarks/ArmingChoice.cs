using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.Benchmarks;

/// <summary>How a benchmark arms.</summary>
/// <param name="Int3">What a thread at a breakpoint does.</param>
/// <param name="InTarget">The trap handler in the target answers, not the guard.</param>
/// <param name="WithoutPtrace">Nobody is traced meanwhile, and the handler answers.</param>
/// <param name="ByTracer">The tracer writes the passes, not the helper.</param>
/// <param name="GroupSize">Sites that change together; null for the default.</param>
sealed record ArmingChoice(Int3Policy Int3 = Int3Policy.Site, bool InTarget = false, bool WithoutPtrace = false, bool ByTracer = false, int? GroupSize = null)
{
    /// <summary>Who answers, in words.</summary>
    public string AnsweredBy => WithoutPtrace ? "handler, no ptracer" : InTarget ? "handler behind the guard" : "guard";

    /// <summary>Whether breakpoints may stay at exits that no jump fits at.</summary>
    public bool Breakpoints { get; init; }

    /// <summary>Attaches to a process so.</summary>
    public TraceSession Attach(Pid pid)
    {
        TraceSession session = TraceSession.Attach(pid, new SessionOptions { Int3 = Int3, Filters = [FunctionFilter.All with { AllowsBreakpoints = Breakpoints }] });
        (session.AnswersInTarget, session.WithoutPtrace, session.WritesInTarget) = (InTarget, WithoutPtrace, !ByTracer);
        if (GroupSize is { } sites) session.GroupSize = sites;
        return session;
    }
}
