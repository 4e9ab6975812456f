using Calltap.Native;
using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>The helper thread as a window uses it.</summary>
sealed class HelperSync(HelperThread helper, HelperCalls calls) : ICoreSync
{
    /// <inheritdoc/>
    public Tid HelperThread => helper.Tid;

    /// <inheritdoc/>
    public void SyncCores() => helper.SyncCores().OrThrow("membarrier(PRIVATE_EXPEDITED_SYNC_CORE)");

    /// <inheritdoc/>
    public byte[] ReadTrapAction() => calls.ReadSignalAction(Signals.SIGTRAP);

    /// <inheritdoc/>
    public void WriteTrapAction(ReadOnlySpan<byte> action) => calls.WriteSignalAction(Signals.SIGTRAP, action);
}
