using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>
/// The policy <c>caller</c> in a plan: each site has a stub that calls the caller, which asks the ops by the list that the site has at that
/// moment. Breakpoints lead there, whatever the site is becoming.
/// </summary>
sealed class CallerAnswers(SiteRegistry registry, OpTable ops, OpLists lists, TargetMemory memory)
{
    readonly List<(SiteId Site, uint List)> _asked = [];

    /// <summary>The poke with its breakpoint leading to the caller.</summary>
    /// <param name="writer">Writes the site's stub when it has none yet; null where it was armed before, and so has one.</param>
    /// <param name="poke">The change.</param>
    /// <param name="function">The function that the site belongs to.</param>
    /// <param name="want">Who will want it.</param>
    /// <returns>As it was when there is no room for one more stub or list: the site then answers for itself.</returns>
    public Poke Answer(StubWriter? writer, Poke poke, TargetFunction function, Want want)
    {
        Site site = poke.Site;
        if (site.IsBreakpoint) return poke; // it is met when no window is open as well
        bool entry = site.Plan.Kind == SiteKind.Entry;
        TargetAddress caller = memory.Arenas.Of(function.Module)![0].Arena.Trampolines.Caller;
        var events = new StubEvents(
            entry ? caller : null, site.Id.Value, false, entry && !site.Plan.CombinedExit ? null : caller, entry ? site.ExitId.Value : site.Id.Value);
        Stub? stub = registry.StubOf(site, events);
        if (stub is null)
        {
            if (writer is null || !writer.TryWrite(site.Plan, site.Region.Span, site.Address, events, out stub, out _)) return poke;
            registry.Keep(site, events, stub!);
        }
        if (!Ask(site.Id, function.Id, want, exit: !entry) || (site.Plan.CombinedExit && !Ask(site.ExitId, function.Id, want, exit: true))) return poke;
        return poke with { Becoming = EmulatedInstruction.Jump(stub!.Start) };
    }

    bool Ask(SiteId site, FunctionId function, Want want, bool exit)
    {
        if (lists.TryFind(site, ops.Questions(want, function, exit)) is not { } list) return false;
        _asked.Add((site, list));
        return true;
    }

    /// <summary>From here on the caller asks these ops. Their lists are written already, and no breakpoint stands yet.</summary>
    public void Publish()
    {
        foreach ((SiteId site, uint list) in _asked) memory.Session.SetCaller(site, list);
    }
}
