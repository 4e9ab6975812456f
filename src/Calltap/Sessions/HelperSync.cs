using System.Buffers.Binary;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>The helper thread as a window uses it.</summary>
sealed class HelperSync(TargetProcess target, HelperThread helper) : ICoreSync
{
    readonly HelperCalls _calls = new(target, helper);
    readonly HelperPasses? _passes = HelperPasses.TryOpen(target, helper);
    bool _pending;

    /// <inheritdoc/>
    public Tid HelperThread => helper.Tid;

    /// <inheritdoc/>
    public TargetAddress CodeArea => helper.CodeArea;

    /// <inheritdoc/>
    public IPassList? Passes => _passes;

    /// <inheritdoc/>
    public void SyncCores()
    {
        if (_pending) Take(); // one that timed out: the target was stopped
        helper.Post(SystemCall.NR_membarrier, [Calltap.Target.HelperThread.SyncCommand]);
        _pending = true;
        Take();
    }

    /// <exception cref="TimeoutException">The target is stopped or frozen; the answer comes when it goes on.</exception>
    void Take()
    {
        long result = helper.Take();
        _pending = false;
        if (result != 0) throw new SystemCallException((Errno)(-result), "membarrier(PRIVATE_EXPEDITED_SYNC_CORE)");
    }

    /// <inheritdoc/>
    public byte[] ReadTrapAction()
    {
        if (_pending) Take();
        return _calls.ReadSignalAction(Signals.SIGTRAP);
    }

    /// <inheritdoc/>
    public int? FindHandlerThatBlocks(int signal)
    {
        if (_pending) Take();
        for (int other = 1; other <= Signals.Last; other++)
        {
            if (other is Signals.SIGKILL or Signals.SIGSTOP || other == signal) continue;
            ReadOnlySpan<byte> action = _calls.ReadSignalAction(other);
            bool handled = BinaryPrimitives.ReadUInt64LittleEndian(action) > 1;
            if (handled && (BinaryPrimitives.ReadUInt64LittleEndian(action[24..]) & Signals.Bit(signal)) != 0) return other;
        }
        return null;
    }

    /// <inheritdoc/>
    public byte[] ExchangeTrapAction(ReadOnlySpan<byte> action)
    {
        if (_pending) Take();
        return _calls.ExchangeSignalAction(Signals.SIGTRAP, action);
    }
}
