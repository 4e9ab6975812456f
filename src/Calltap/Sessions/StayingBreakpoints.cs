using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>Breakpoints that stay between windows: the trap handler in the target answers each, for as long as its site is armed.</summary>
static class StayingBreakpoints
{
    /// <summary>The pokes that may be made: all, or those that put in no such breakpoint where one would end the target.</summary>
    /// <param name="pokes">A batch.</param>
    /// <param name="target">The target.</param>
    /// <param name="sync">The helper in it.</param>
    /// <param name="leftOut">The others, each site with the reason.</param>
    public static IReadOnlyList<Poke> Allowed(IReadOnlyList<Poke> pokes, TargetProcess target, ICoreSync sync, out IReadOnlyList<Site> leftOut)
    {
        leftOut = [];
        if (!pokes.Any(PutsIn) || WhyNot(target, sync) is not { } refusal) return pokes;
        leftOut = [.. pokes.Where(PutsIn).Select(poke => poke.Site)];
        foreach (Site site in leftOut) site.Refusal = refusal;
        return [.. pokes.Where(poke => !PutsIn(poke))];
    }

    static string? WhyNot(TargetProcess target, ICoreSync sync) =>
        TrapBlocking.ByThread(target, target.ReadThreads().Where(tid => tid != sync.HelperThread && !ThreadLook.IsKernelWorker(target.Pid, tid))) ?? TrapBlocking.ByHandler(sync);

    static bool PutsIn(Poke poke) => poke.To.Stays && !poke.Site.Installed.Stays;
}
