namespace Calltap.Litmus;

/// <summary>How a litmus run ended. Only the one that was asked for is a pass.</summary>
enum LitmusOutcome
{
    /// <summary>As many windows as were asked for, and nothing went wrong.</summary>
    Held,

    /// <summary>The target died, or computed something wrong.</summary>
    Caught,

    /// <summary>
    /// A rule that rests on what the processor may do was left out, and this processor did not do it in as many windows as were tried.
    /// Never a pass: the test is skipped, with the figures.
    /// </summary>
    NotObservable,

    /// <summary>None of these: too few windows in the time, no breakpoint ever met, or a failure that is not the target's.</summary>
    Inconclusive,
}
