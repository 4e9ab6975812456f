using System.Runtime;

namespace Calltap.Patching;

/// <summary>Keeps the garbage collector out of a window, where it would stop the guard; best effort.</summary>
readonly struct NoCollection : IDisposable
{
    /// <summary>What may be allocated meanwhile, by all threads.</summary>
    const long Budget = 32 << 20;

    /// <summary>Collects now, if need be, and not until disposed.</summary>
    public static NoCollection Begin()
    {
        try
        {
            GC.TryStartNoGCRegion(Budget);
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
