using System.Runtime;

namespace Calltap.Patching;

/// <summary>Keeps the garbage collector out of a window, where it would stop the guard; best effort.</summary>
readonly struct NoCollection : IDisposable
{
    /// <summary>What may be allocated meanwhile, by all threads: more makes a collection now more likely, of tens of milliseconds.</summary>
    const long Budget = 4 << 20, BudgetOfSite = 512, MostBudget = 32 << 20;

    /// <summary>Collects now, if need be, and not until disposed.</summary>
    /// <param name="sites">Sites of the batch.</param>
    public static NoCollection Begin(int sites)
    {
        try
        {
            GC.TryStartNoGCRegion(Math.Min(Budget + sites * BudgetOfSite, MostBudget));
        }
        catch (InvalidOperationException)
        {
            // Another window of this process has begun one; it serves both.
        }
        return default;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
    }
}
