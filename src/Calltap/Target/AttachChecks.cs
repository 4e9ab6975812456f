using System.Globalization;
using Calltap.Managed;
using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>What must hold before a process is touched, each with its own clear refusal.</summary>
internal static class AttachChecks
{
    private const int ElfHeaderBytes = 20;
    private const byte ElfClass64 = 2;
    private const ushort MachineX86_64 = 62;

    internal static AttachException Refuse(AttachRefusal reason, string message) => new(reason, message);

    internal static AttachException Ended(Pid pid) =>
        new(AttachRefusal.TargetEnded, $"process {pid} ended, or started another program, while being attached to");

    /// <summary>The refusal where this process, or the machine, has as many files open as it may: nothing is known of the target then.</summary>
    internal static AttachException OutOfFiles() =>
        Refuse(AttachRefusal.Unsupported, "calltap can open no more files, of which each process that it traces takes some: raise its `ulimit -n`");

    /// <summary>Throws <see cref="OutOfFiles"/> for the errors that mean it: taken for others they would say that the target has ended.</summary>
    internal static void RefuseIfOutOfFiles(Errno errno)
    {
        if (errno is Errno.EMFILE or Errno.ENFILE)
            throw OutOfFiles();
    }

    /// <summary>Everything that /proc tells of a live thread of the process and of its program.</summary>
    internal static void Check(Pid pid, Tid live, ProcStatus status)
    {
        CheckMemory(pid, status);
        CheckUntraced(pid, status);
        CheckProgram(pid, live, status);
    }

    /// <summary>Kernel threads have no memory, nor what is about to end.</summary>
    internal static void CheckMemory(Pid pid, ProcStatus status)
    {
        if (!status.HasMemory)
            throw !status.IsKernelThread ? Ended(pid) : Refuse(AttachRefusal.KernelThread, $"process {pid} ({status.Name}) is a kernel thread: it has no user code to trace");
    }

    /// <summary>There can be one tracer.</summary>
    internal static void CheckUntraced(Pid pid, ProcStatus status)
    {
        if (status.TracerPid.Value != 0 && !IsOwnThread(status.TracerPid))
            throw AlreadyTraced(pid, status);
    }

    /// <summary>A .NET debugger writes breakpoints into methods, and back what it has found there.</summary>
    internal static void CheckNoDebugger(TargetProcess target)
    {
        if (RuntimeTools.IsDebugged(target.Pid))
            throw Refuse(AttachRefusal.AlreadyTraced, $"process {target.Pid} ({target.Name}) is under a .NET debugger, which writes into methods too: end that first, or give --native");
    }

    /// <summary>Filters are per thread.</summary>
    internal static void CheckSeccomp(Pid pid, IEnumerable<ProcStatus> threads)
    {
        if (threads.FirstOrDefault(thread => thread.HasFilter) is { } filtered)
            throw Filtered(pid, filtered.Name);
    }

    /// <summary>Shadow stacks are per thread.</summary>
    internal static void CheckShadowStack(Pid pid, IEnumerable<ProcStatus> threads)
    {
        if (threads.FirstOrDefault(thread => thread.HasShadowStack) is { } shadowed)
            throw Refuse(AttachRefusal.ShadowStack, $"process {pid} ({shadowed.Name}) uses a shadow stack: start it with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off");
    }

    /// <summary>In a stopped process no thread can be borrowed.</summary>
    internal static void CheckNotStopped(TargetProcess target)
    {
        if (target.ReadThreads().All(tid => target.ReadStatus(tid) is null or { State: 'T' or 't' or 'Z' or 'X' }))
            throw Refuse(AttachRefusal.Stopped, $"process {target.Pid} ({target.Name}) is stopped: send it SIGCONT first");
    }

    /// <summary>The refusal of a process that has no thread without a filter.</summary>
    internal static AttachException Filtered(Pid pid, string name) =>
        Refuse(AttachRefusal.SeccompFilter, $"process {pid} ({name}) runs under a seccomp filter, which could kill it for a system call it does not expect: start it without its sandbox");

    /// <summary>The refusal behind an EPERM or EACCES on a process that exists.</summary>
    internal static AttachException NotPermitted(Pid pid, ProcStatus status)
    {
        if (status.TracerPid.Value != 0)
            return AlreadyTraced(pid, status);
        if (status.Uid.ToString(CultureInfo.InvariantCulture) != OwnUid())
            return Refuse(AttachRefusal.NotPermitted, $"process {pid} ({status.Name}) belongs to user {status.Uid}: run calltap as that user or as root");
        string scope = PtraceScope() ?? "0";
        return scope == "0"
            ? Refuse(AttachRefusal.NotPermitted, $"process {pid} ({status.Name}) is protected from inspection (setuid, or not dumpable): run calltap as root")
            : RefuseByYama(scope);
    }

    /// <summary>Yama's setting; null where the kernel has none.</summary>
    internal static string? PtraceScope() => ProcFiles.TryReadText("/proc/sys/kernel/yama/ptrace_scope")?.Trim();

    /// <summary>The refusal that goes with it.</summary>
    internal static AttachException RefuseByYama(string scope) =>
        Refuse(AttachRefusal.Yama, $"kernel.yama.ptrace_scope is {scope}: run calltap as root, or start the program by calltap with `-- command`{(scope == "1" ? ", or `sysctl kernel.yama.ptrace_scope=0`" : "")}");

    /// <summary>
    /// The refusal behind an EPERM of PTRACE_SEIZE; null where no tracer is there and the process may be inspected: another tracer has left between the two looks.
    /// </summary>
    internal static AttachException? NotSeized(Pid pid, Tid tid, ProcStatus status) =>
        status.TracerPid.Value != 0 || !MayBeInspected(pid, tid) ? NotPermitted(pid, status) : null;

    /// <summary>The refusal where that has happened at a moment that can't be repeated.</summary>
    internal static AttachException TracedForAMoment(Pid pid, string name) =>
        Refuse(AttachRefusal.AlreadyTraced, $"process {pid} ({name}) was traced by another process for a moment: try again");

    // The same right as for ptrace (PTRACE_MODE_ATTACH), without being refused where there is a tracer.
    private static bool MayBeInspected(Pid pid, Tid tid)
    {
        SysResult<SafeFileHandle> memory = Descriptors.Open(ProcFiles.Thread(pid, tid, "mem"), Descriptors.O_RDWR);
        memory.Value.Dispose();
        return memory.Ok;
    }

    // The kernel names the tracing thread; what the launcher holds is ours.
    private static bool IsOwnThread(Pid tracer) => Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{tracer.Value}"));

    private static AttachException AlreadyTraced(Pid pid, ProcStatus status)
    {
        ProcStatus tracer = ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Process(status.TracerPid, "status")) ?? "");
        if (ProcFiles.TryReadText(ProcFiles.Process(tracer.ThreadGroup, "comm"))?.Trim() is not { Length: > 0 } name)
            return TracedForAMoment(pid, status.Name);
        return Refuse(AttachRefusal.AlreadyTraced, $"process {pid} ({status.Name}) is already traced by process {tracer.ThreadGroup} ({name}): end that tracer first");
    }

    /// <summary>Reads the header of its program.</summary>
    internal static void CheckProgram(Pid pid, Tid live, ProcStatus status)
    {
        byte[] header = new byte[ElfHeaderBytes];
        using var file = Descriptors.Open(ProcFiles.Thread(pid, live, "exe"), Descriptors.O_RDONLY).Value;
        if (file.IsInvalid)
            throw NotPermitted(pid, status);
        int read = RandomAccess.Read(file, header, 0);
        ushort machine = (ushort)(header[18] | header[19] << 8);
        if (read < ElfHeaderBytes || header[4] != ElfClass64 || machine != MachineX86_64)
            throw Refuse(AttachRefusal.OtherMachine, $"process {pid} ({status.Name}) is no 64-bit x86 program (ELF class {header[4]}, machine {machine}): only x86-64 can be traced");
    }

    private static string OwnUid() => ProcStatus.Parse(ProcFiles.TryReadText("/proc/self/status") ?? "").Uid.ToString(CultureInfo.InvariantCulture);
}
