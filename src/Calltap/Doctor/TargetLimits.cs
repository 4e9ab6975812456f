using Calltap.Native;
using Calltap.Sessions;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>What does not keep a process from being traced, but is worth knowing before.</summary>
static class TargetLimits
{
    const long ScarceMemory = 64L << 20;

    public static IEnumerable<Finding> Examine(Pid pid, Tid live, ProcStatus status)
    {
        ProcStatus[] threads = [.. ProcFiles.Threads(pid).Select(tid => ProcFiles.TryReadText(ProcFiles.Thread(pid, tid, "status"))).OfType<string>().Where(text => text.Length > 0).Select(ProcStatus.Parse)];
        return [Traps(threads), Namespaces(pid, live), Privileges(status), Locked(status), AddressSpaceLimit(pid), GroupMemory(pid), UprobesMapped(pid, live)];
    }

    static Finding Traps(ProcStatus[] threads)
    {
        ulong trap = Signals.Bit(Signals.SIGTRAP);
        int blocking = threads.Count(thread => !thread.IsDead && (thread.BlockedSignals & trap) != 0);
        if (blocking > 0)
            return Finding.Limited("SIGTRAP", $"blocked by {blocking} of {threads.Length} threads: --no-ptrace is refused, and one that meets a breakpoint while its tracer is killed ends the process");
        if (threads.Any(thread => (thread.IgnoredSignals & trap) != 0)) return Finding.Ok("SIGTRAP", "ignored by the program");
        return Finding.Ok("SIGTRAP", threads.Any(thread => (thread.CaughtSignals & trap) != 0) ? "the program has a handler of its own" : "neither blocked nor handled");
    }

    static Finding Namespaces(Pid pid, Tid live)
    {
        string[] kinds = ["pid", "mnt", "user"];
        string[] unread = [.. kinds.Where(kind => Of(ProcFiles.Thread(pid, live, $"ns/{kind}")) is null)];
        if (unread.Length > 0) return Finding.Limited("namespaces", $"the {string.Join(", ", unread)} namespaces can't be read", "run calltap as root");
        string[] others = [.. kinds.Where(kind => Of(ProcFiles.Thread(pid, live, $"ns/{kind}")) != Of($"/proc/self/ns/{kind}"))];
        return Finding.Ok("namespaces", others.Length == 0 ? "those of calltap" : $"others than calltap's: {string.Join(", ", others)}");

        static string? Of(string path) => ProcFiles.TryReadLink(path);
    }

    static Finding Privileges(ProcStatus status) =>
        Finding.Ok("privileges", $"user {status.Uid}, no_new_privs {(status.NoNewPrivileges ? "set" : "not set")}");

    static Finding Locked(ProcStatus status) => status.LockedBytes.Value == 0
        ? Finding.Ok("locked memory", "none")
        : Finding.Limited("locked memory", $"{status.LockedBytes.Value >> 10} KiB are locked (mlockall?): rings are small, and events are lost sooner");

    static Finding AddressSpaceLimit(Pid pid) => HelperPlace.HasAddressSpaceLimit(pid)
        ? Finding.Limited("address space", "there is a limit (ulimit -v): a session maps a gigabyte of addresses", "raise the limit")
        : Finding.Ok("address space", "no limit");

    static Finding GroupMemory(Pid pid)
    {
        if (ControlGroup.MemoryLeft(pid) is not { } left) return Finding.Absent("group memory");
        if (left == long.MaxValue) return Finding.Ok("group memory", "its control group has no limit");
        return left >= ScarceMemory
            ? Finding.Ok("group memory", $"{left >> 20} MiB are left to its control group")
            : Finding.Limited("group memory", $"{left >> 20} MiB are left to its control group: what a session touches is charged to it", "raise memory.max");
    }

    static Finding UprobesMapped(Pid pid, Tid live)
    {
        if (ProcFiles.TryReadBytes(ProcFiles.Thread(pid, live, "maps")) is not { Length: > 0 } maps)
            return Finding.Limited("uprobes", "its mappings can't be read", "run calltap as root");
        return ProcMaps.Parse(maps).Any(mapping => mapping.Path == "[uprobes]")
            ? Finding.Limited("uprobes", "some are, or were, set on its files: one that is set on an armed entry ends the process", "remove them first")
            : Finding.Ok("uprobes", "none was ever hit");
    }
}
