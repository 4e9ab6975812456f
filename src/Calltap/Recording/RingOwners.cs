using Calltap.Native;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.Recording;

/// <summary>The threads of a target. In a container their ids are others than here.</summary>
sealed class RingOwners(TargetProcess target, ThreadSlots slots) : IRingOwners
{
    readonly bool _namespaced = target.ReadStatus(new Tid(target.Pid.Value)) is { } leader && leader.NamespaceId != target.Pid.Value;

    /// <inheritdoc/>
    public IReadOnlySet<Tid> Listed() => _namespaced
        ? target.ReadThreads().Select(target.ReadStatus).OfType<ProcStatus>().Select(status => new Tid(status.NamespaceId)).ToHashSet()
        : target.ReadThreads().ToHashSet();

    /// <inheritdoc/>
    /// <remarks>A listing that is made while another thread is reaped may leave out a living one. In a container only the listing tells.</remarks>
    public bool IsDead(Tid owner) => _namespaced || Signals.Send(target.Pid, owner, 0).Errno == Errno.ESRCH;

    /// <inheritdoc/>
    public bool Retire(Tid owner) => slots.Retire(owner);
}
