using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>
/// Gives room in arenas back that modules have left behind, once a window has shown that no thread is in it or will come back to it. Nothing leads there any
/// more: the sites are gone with their module, and no trap of theirs outlives the window that armed them (I9).
/// </summary>
sealed class Reclaiming
{
    readonly ArenaSet _arenas;
    readonly IReadOnlyList<ArenaPlot> _plots;

    Reclaiming(ArenaSet arenas, IReadOnlyList<ArenaPlot> plots)
    {
        (_arenas, _plots) = (arenas, plots);
        Watch = new ArenaWatch([.. plots.Select(plot => (IReadOnlyList<(TargetAddress, long)>)[(plot.Start, plot.Size)])]);
    }

    /// <summary>What modules that are gone by now have left behind; null when that is not worth a look at every stack.</summary>
    /// <param name="arenas">The arenas.</param>
    /// <param name="least">Bytes that are worth it.</param>
    public static Reclaiming? Begin(ArenaSet arenas, long least) =>
        arenas.Gone is var gone && gone.Sum(plot => plot.Size) >= least ? new Reclaiming(arenas, gone) : null;

    /// <summary>For the window.</summary>
    public ArenaWatch Watch { get; }

    /// <summary>Gives back what nobody is in.</summary>
    /// <param name="batch">The window.</param>
    /// <returns>It.</returns>
    public IReadOnlyList<ArenaPlot> End(BatchResult batch)
    {
        // Behind a breakpoint of the program's own, the handler may be on the way to the program's.
        List<ArenaPlot> free = [.. _plots.Where((_, i) => !Watch.InUse(i) && batch.Traps.Foreign == 0)];
        free.ForEach(_arenas.Reclaim);
        return free;
    }
}
