using System.Globalization;
using Calltap.Native;

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

    /// <summary>Everything that /proc tells of a live thread of the process and of its program.</summary>
    internal static void Check(Pid pid, Tid live, ProcStatus status)
    {
        if (!status.HasMemory)
            throw !status.IsKernelThread ? Ended(pid) : Refuse(AttachRefusal.KernelThread, $"process {pid} ({status.Name}) is a kernel thread: it has no user code to trace");
        if (status.TracerPid.Value != 0 && !IsOwnThread(status.TracerPid))
            throw AlreadyTraced(pid, status);
        CheckProgram(pid, live, status);
    }

    /// <summary>Looks at every thread: filters and shadow stacks are per thread.</summary>
    internal static void CheckThreads(Pid pid, IEnumerable<ProcStatus> threads)
    {
        foreach (ProcStatus thread in threads)
        {
            if (thread.SeccompMode != 0)
                throw Refuse(AttachRefusal.SeccompFilter, $"process {pid} ({thread.Name}) runs under a seccomp filter, which could kill it for a system call it does not expect: start it without its sandbox");
            if (thread.HasShadowStack)
                throw Refuse(AttachRefusal.ShadowStack, $"process {pid} ({thread.Name}) uses a shadow stack: start it with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off");
        }
    }

    /// <summary>The refusal behind an EPERM or EACCES on a process that exists.</summary>
    internal static AttachException NotPermitted(Pid pid, ProcStatus status)
    {
        if (status.TracerPid.Value != 0)
            return AlreadyTraced(pid, status);
        if (status.Uid.ToString(CultureInfo.InvariantCulture) != OwnUid())
            return Refuse(AttachRefusal.NotPermitted, $"process {pid} ({status.Name}) belongs to user {status.Uid}: run calltap as that user or as root");
        string scope = ProcFiles.TryReadText("/proc/sys/kernel/yama/ptrace_scope")?.Trim() ?? "0";
        return scope == "0"
            ? Refuse(AttachRefusal.NotPermitted, $"process {pid} ({status.Name}) is protected from inspection (setuid, or not dumpable): run calltap as root")
            : Refuse(AttachRefusal.Yama, $"kernel.yama.ptrace_scope is {scope}: run calltap as root, or start the program by calltap with `-- command`{(scope == "1" ? ", or `sysctl kernel.yama.ptrace_scope=0`" : "")}");
    }

    // The kernel names the tracing thread; what the launcher holds is ours.
    private static bool IsOwnThread(Pid tracer) => Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{tracer.Value}"));

    private static AttachException AlreadyTraced(Pid pid, ProcStatus status)
    {
        ProcStatus tracer = ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Process(status.TracerPid, "status")) ?? "");
        string name = ProcFiles.TryReadText(ProcFiles.Process(tracer.ThreadGroup, "comm"))?.Trim() ?? "unknown";
        return Refuse(AttachRefusal.AlreadyTraced, $"process {pid} ({status.Name}) is already traced by process {tracer.ThreadGroup} ({name}): end that tracer first");
    }

    private static void CheckProgram(Pid pid, Tid live, ProcStatus status)
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
