using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>The helper thread as a window uses it.</summary>
sealed class HelperSync(HelperThread helper) : ICoreSync
{
    /// <inheritdoc/>
    public Tid HelperThread => helper.Tid;

    /// <inheritdoc/>
    public void SyncCores() => helper.SyncCores().OrThrow("membarrier(PRIVATE_EXPEDITED_SYNC_CORE)");
}
