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
    /// <param name="refusal">Why some are left out; null when none are.</param>
    public static IReadOnlyList<Poke> Allowed(IReadOnlyList<Poke> pokes, TargetProcess target, ICoreSync sync, out string? refusal)
    {
        refusal = pokes.Any(PutsIn)
            ? TrapBlocking.ByThread(target, () => target.ReadThreads().Where(tid => tid != sync.HelperThread)) ?? TrapBlocking.ByHandler(sync)
            : null;
        if (refusal is null) return pokes;
        foreach (Poke poke in pokes.Where(PutsIn)) poke.Site.Refusal = refusal;
        return [.. pokes.Where(poke => !PutsIn(poke))];
    }

    static bool PutsIn(Poke poke) => poke.To.Stays && !poke.Site.Installed.Stays;
}
