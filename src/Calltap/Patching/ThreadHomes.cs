using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>Where the descriptors of threads lie, which is on their own stacks: of glibc's the kernel tells at any time (<see cref="RobustList"/>), musl's are found.</summary>
sealed class ThreadHomes(TargetProcess target)
{
    static readonly IReadOnlyDictionary<Tid, TargetAddress> s_none = new Dictionary<Tid, TargetAddress>();

    readonly GlibcThreads _glibc = new(target);
    readonly MuslThreads _musl = new(target);
    bool _isGlibc;

    /// <summary>The descriptors of musl's threads as they are now; none in a program of glibc.</summary>
    public IReadOnlyDictionary<Tid, TargetAddress> Read()
    {
        _isGlibc = _isGlibc || target.ReadThreads().Any(tid => _glibc.LayoutOf(tid, null) is not null);
        return _isGlibc ? s_none : _musl.ReadAddresses();
    }
}
