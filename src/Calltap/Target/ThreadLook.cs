using System.Buffers.Text;
using System.Globalization;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>A look at a thread from outside; stops nobody and allocates nothing.</summary>
/// <param name="Activity">What it does.</param>
/// <param name="StackPointer">Its rsp in user code; 0 while it runs.</param>
/// <param name="Pc">Its rip in user code; 0 while it runs.</param>
/// <param name="Number">The system call it sleeps in; -1 in none.</param>
/// <param name="Argument">The call's first argument.</param>
internal readonly record struct ThreadLook(ThreadActivity Activity, ulong StackPointer, ulong Pc, int Number = -1, ulong Argument = 0)
{
    private const int NR_clone = 56, NR_fork = 57, NR_vfork = 58, NR_clone3 = 435;
    private const ulong CLONE_VFORK = 0x4000;
    private const int MaxLine = 256;

    /// <summary>Reads the file (fs/proc/base.c, proc_pid_syscall: "running", "-1 sp pc" or "nr a0..a5 sp pc").</summary>
    internal static ThreadLook At(Pid pid, Tid tid)
    {
        Span<byte> line = stackalloc byte[MaxLine];
        int length = ThreadFile.Read(pid, tid, "/syscall"u8, line);
        if (length == 0) return new ThreadLook(ThreadActivity.Gone, 0, 0);
        line = line[..length].TrimEnd((byte)'\n');
        if (line.StartsWith("running"u8)) return new ThreadLook(ThreadActivity.Running, 0, 0);
        int pcAt = line.LastIndexOf((byte)' ');
        int spAt = pcAt < 0 ? -1 : line[..pcAt].LastIndexOf((byte)' ');
        if (spAt < 0) return new ThreadLook(ThreadActivity.Running, 0, 0);
        bool outside = line[0] == (byte)'-';
        return new ThreadLook(
            outside ? ThreadActivity.Blocked : ThreadActivity.InSystemCall,
            Hex(line[(spAt + 1)..pcAt]), Hex(line[(pcAt + 1)..]),
            Utf8Parser.TryParse(line, out int number, out int digits) ? number : -1,
            Hex(line[Math.Min(digits + 1, pcAt)..]));
    }

    /// <summary>Whether it is in clone, fork, vfork or clone3: something new may come out of it.</summary>
    internal bool MakesProcess => Number is NR_clone or NR_fork or NR_vfork or NR_clone3;

    /// <summary>Whether it is in a call that sleeps until the child that it makes has gone its own way.</summary>
    /// <param name="target">Its process: clone3 has the flags in memory, first of all (struct clone_args).</param>
    internal bool MakesVforkChild(TargetProcess target)
    {
        if (Number != NR_clone3) return Number == NR_vfork || (Number == NR_clone && (Argument & CLONE_VFORK) != 0);
        Span<byte> flags = stackalloc byte[sizeof(ulong)];
        return target.ReadMemory(new TargetAddress(Argument), flags) == flags.Length && (BitConverter.ToUInt64(flags) & CLONE_VFORK) != 0;
    }

    /// <summary>Whether the kernel made the thread for work of its own (PF_IO_WORKER, PF_USER_WORKER): it never runs user code.</summary>
    internal static bool IsKernelWorker(Pid pid, Tid tid)
    {
        const uint Workers = 0x10 | 0x4000;
        const int FlagsField = 6; // the ninth of the file, behind pid and name (proc(5))
        string? stat = ProcFiles.TryReadText(ProcFiles.Thread(pid, tid, "stat"));
        string[] fields = stat?[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return fields.Length > FlagsField
            && uint.TryParse(fields[FlagsField], NumberStyles.None, CultureInfo.InvariantCulture, out uint flags) && (flags & Workers) != 0;
    }

    /// <summary>Whether the process has such a thread.</summary>
    internal static bool Exists(Pid pid, Tid tid)
    {
        Span<byte> some = stackalloc byte[8];
        return ThreadFile.Read(pid, tid, "/comm"u8, some) > 0;
    }

    /// <summary>
    /// How often the thread has been taken off a CPU: unchanged between two looks means that it has not run in user
    /// code between them, if both found it asleep.
    /// </summary>
    internal static long SwitchesOf(Pid pid, Tid tid) => SchedulerStatistics(pid, tid)?.Times ?? -1;

    /// <summary>How long the thread has had a CPU so far; null where the kernel keeps no account of it, or the thread is gone.</summary>
    internal static TimeSpan? RunTimeOf(Pid pid, Tid tid) =>
        SchedulerStatistics(pid, tid) is { } found ? TimeSpan.FromTicks(found.RunTime / TimeSpan.NanosecondsPerTick) : null;

    // schedstat: run time (ns), run delay (ns), times run; three numbers, cheap to read.
    private static (long RunTime, long Times)? SchedulerStatistics(Pid pid, Tid tid)
    {
        Span<byte> text = stackalloc byte[64];
        int length = ThreadFile.Read(pid, tid, "/schedstat"u8, text);
        int last = text[..length].TrimEnd((byte)'\n').LastIndexOf((byte)' ');
        return last >= 0 && Utf8Parser.TryParse(text[..last], out long runTime, out _) && Utf8Parser.TryParse(text[(last + 1)..length], out long times, out _)
            ? (runTime, times)
            : null;
    }

    private static ulong Hex(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text.StartsWith("0x"u8) ? text[2..] : text, out ulong value, out _, 'x') ? value : 0;
}
