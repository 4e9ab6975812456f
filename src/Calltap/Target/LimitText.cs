using Calltap.Native;

namespace Calltap.Target;

/// <summary>Words for which limit of the target is behind an error of a system call made in it.</summary>
internal static class LimitText
{
    /// <summary>What to look at, to be put behind a message; empty for other errors.</summary>
    internal static string See(Errno errno) => errno switch
    {
        Errno.EAGAIN => ": see its `ulimit -u` and `ulimit -l`, and the pids.max of its cgroup",
        Errno.ENOMEM => ": see its `ulimit -v` and the memory limit of its cgroup",
        Errno.EFBIG => ": see its `ulimit -f`",
        Errno.EMFILE => ": see its `ulimit -n`",
        _ => "",
    };
}
