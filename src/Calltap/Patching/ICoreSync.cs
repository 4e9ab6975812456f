namespace Calltap.Patching;

/// <summary>The helper thread in the target, as a window needs it.</summary>
interface ICoreSync
{
    /// <summary>Its tid: the guard leaves it alone.</summary>
    Tid HelperThread { get; }

    /// <summary>
    /// membarrier(PRIVATE_EXPEDITED_SYNC_CORE): when it returns, every core that runs a thread of the target has
    /// executed a serialising instruction (SDM vol. 3, 9.1.3 Handling Self- and Cross-Modifying Code).
    /// </summary>
    void SyncCores();

    /// <summary>Passes that the helper writes by itself; null where it can't.</summary>
    IPassList? Passes { get; }

    /// <summary>The page with its code and the trap handler's (HelperCode).</summary>
    TargetAddress CodeArea { get; }

    /// <summary>The target's action for SIGTRAP (rt_sigaction(2)), as the kernel keeps it.</summary>
    byte[] ReadTrapAction();

    /// <summary>Another signal whose handler runs with this one blocked; null when there is none.</summary>
    int? FindHandlerThatBlocks(int signal);

    /// <summary>Sets it, and tells what it was, in one step.</summary>
    byte[] ExchangeTrapAction(ReadOnlySpan<byte> action);
}
