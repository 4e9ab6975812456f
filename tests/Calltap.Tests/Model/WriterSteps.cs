namespace Calltap.Tests.Model;

/// <summary>
/// The order of the writer's steps, with those left out that the rules are about: of the window, and of a group by each of the ways of
/// <c>WindowPasses.Change</c>.
/// </summary>
sealed class WriterSteps(Setup setup)
{
    readonly Step[] _open = [.. Open(setup)], _close = [.. Close(setup)];
    readonly Step[] _byTracer = [.. ByTracer(setup)];
    readonly Step[] _allAtOnce = [.. AllAtOnce(setup)];
    readonly Step[] _headsThenRest = [.. HeadsThenRest(setup)];

    static IEnumerable<Step> Open(Setup setup)
    {
        if (setup.Has(Rules.Handler)) yield return Step.Install;
        yield return Step.Open;
        if (setup.Has(Rules.Enter) && setup.Forks) yield return Step.Enter;
    }

    static IEnumerable<Step> Close(Setup setup) =>
        setup.Has(Rules.Drain) ? [Step.Drain, Step.End, Step.Mend, Step.Uninstall, Step.Close] : [Step.End, Step.Mend, Step.Uninstall, Step.Close];

    static List<Step> ByTracer(Setup setup)
    {
        List<Step> steps = Without(setup, [.. Enumerable.Range((int)Step.BeginHeads, Step.Drain - Step.BeginHeads).Select(step => (Step)step)]);
        if (!setup.Has(Rules.BreakpointsBeforeTails)) Swap(steps, Step.Breakpoints, Step.Tails);
        if (!setup.Has(Rules.TailsBeforeHeads)) Swap(steps, Step.Tails, Step.Heads);
        if (!setup.Has(Rules.HeadsOnlyFirst)) Swap(steps, Step.BeginHeads, Step.Breakpoints);
        if (!setup.Has(Rules.TailsStateFirst)) Swap(steps, Step.BeginTails, Step.Tails);
        return steps;
    }

    static List<Step> AllAtOnce(Setup setup)
    {
        List<Step> steps = Without(setup,
        [
            Step.BeginHeads, Step.Breakpoints, Step.SyncBreakpoints, Step.BeginTails, Step.Tails, Step.SyncTails, Step.Heads, Step.SyncHeads,
            Step.KeepBeforeHeads, Step.Answer,
        ]);
        if (!setup.Has(Rules.StateInList)) steps.Remove(Step.BeginTails);
        return steps;
    }

    static List<Step> HeadsThenRest(Setup setup) => Without(setup,
    [
        Step.BeginHeads, Step.Breakpoints, Step.SyncBreakpoints, Step.KeepBeforeTails, Step.Clear, Step.BeginTails, Step.Tails, Step.SyncTails, Step.Heads,
        Step.SyncHeads, Step.KeepBeforeHeads, Step.Answer,
    ]);

    static List<Step> Without(Setup setup, List<Step> steps)
    {
        if (!setup.Has(Rules.SyncAfterBreakpoints)) steps.Remove(Step.SyncBreakpoints);
        if (!setup.Has(Rules.SyncAfterTails)) steps.Remove(Step.SyncTails);
        if (!setup.Has(Rules.SyncAfterHeads)) steps.Remove(Step.SyncHeads);
        if (!setup.Has(Rules.RegionsCleared)) steps.Remove(Step.Clear);
        if (!setup.Has(Rules.Handler)) steps.RemoveAll(step => step is Step.KeepBeforeTails or Step.KeepBeforeHeads);
        if (!setup.Has(Rules.ClearedAnew)) steps.Remove(Step.Answer);
        return steps;
    }

    static void Swap(List<Step> steps, Step one, Step other)
    {
        int first = steps.IndexOf(one), second = steps.IndexOf(other);
        (steps[first], steps[second]) = (other, one);
    }

    /// <summary>The first step of a window.</summary>
    public State Begin(State s) => s.At(_open[0]).Unseen();

    /// <summary>What follows the present step.</summary>
    public State Next(State s)
    {
        if (Array.IndexOf(_open, s.Step) is >= 0 and int opening) return opening + 1 < _open.Length ? s.At(_open[opening + 1]).Unseen() : BeginGroup(s, 0);
        if (Array.IndexOf(_close, s.Step) is >= 0 and int closing) return s.At(closing + 1 < _close.Length ? _close[closing + 1] : Step.Idle).Unseen();
        Step[] steps = !s.Listed ? _byTracer : setup.NeedsClearing(s) ? _headsThenRest : _allAtOnce;
        int index = Array.IndexOf(steps, s.Step) + 1;
        if (index < steps.Length && steps[index] == Step.Clear && !setup.NeedsClearing(s)) index++;
        if (index == steps.Length) return EndGroup(s);
        State next = s.At(steps[index]).Unseen();
        return s.Tracer == Tracer.Dead && !setup.InList(next) ? next.At(Step.HelperLooks).Grouped() : next;
    }

    State BeginGroup(State s, int group)
    {
        State next = s.WithGroup(group).WithListed(setup.ByHelper);
        Step[] steps = !next.Listed ? _byTracer : setup.NeedsClearing(next) ? _headsThenRest : _allAtOnce;
        bool says = group == 0 || setup.Has(Rules.HeadsOnlyAgain) || steps[0] != Step.BeginHeads;
        return next.At(steps[says ? 0 : 1]).Unseen();
    }

    State EndGroup(State s)
    {
        bool last = !setup.Groups || s.Group + 1 == setup.Sites || s.Failed;
        return last ? s.Grouped().At(_close[0]).Unseen() : BeginGroup(s, s.Group + 1);
    }

    /// <summary>Without <see cref="Rules.ClearedAnew"/>: the guard still stands at the end of the phase that it is asked for.</summary>
    public bool SkipsClear(State s) =>
        !setup.Has(Rules.ClearedAnew) && s.Group > 0 && setup.NeedsClearing(s.WithGroup(s.Group - 1));
}
