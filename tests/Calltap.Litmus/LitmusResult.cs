using Calltap.Patching;

namespace Calltap.Litmus;

/// <summary>What a run saw.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="What">What was seen, in words.</param>
/// <param name="Windows">Windows in which some site changed, the last one included.</param>
/// <param name="Kept">Windows in which a thread was kept between a breakpoint and its report.</param>
/// <param name="Time">From the first window to the end.</param>
/// <param name="Traps">What the guard did.</param>
sealed record LitmusResult(LitmusOutcome Outcome, string What, int Windows, int Kept, TimeSpan Time, TrapCounts Traps)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Outcome}: {What}; {Windows} windows in {Time.TotalSeconds:0.00} s, a thread kept in {Kept}; {Traps.Hits} hits, {Traps.Late} late, "
        + $"{Traps.AnsweredInTarget} answered in the target, {Traps.Moved} moved, {Traps.Foreign} foreign";
}
