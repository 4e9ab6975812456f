using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>
/// Whether text can be written through /proc/PID/mem (proc_mem.force_override, since Linux 6.12; security modules): tried on a child of our own,
/// which gets a byte that it has.
/// </summary>
static class MemoryWrites
{
    const string Topic = "memory writes";

    public static Finding Examine()
    {
        SysResult<Pid> child = Spawn.Start("/bin/sleep", ["sleep", "60"]);
        if (!child.Ok) return Finding.Absent(Topic);
        try
        {
            return Finding.Of(Topic, () => Try(child.Value));
        }
        finally
        {
            Signals.Kill(child.Value, Signals.SIGKILL);
            Wait.ForExitOf(child.Value, out _);
        }
    }

    static string Try(Pid child)
    {
        using TargetProcess target = TargetProcess.Open(child);
        MemoryMapping text = target.ReadMappings().First(mapping => mapping.IsExecutable && mapping.IsFile);
        Span<byte> same = stackalloc byte[1];
        bool written = target.ReadMemory(text.Start, same) == 1 && new TargetTextWriter(target).TryPlace(text.Start, same);
        return written
            ? "text can be written through /proc/PID/mem"
            : throw AttachChecks.Refuse(AttachRefusal.Unsupported, "text can't be written through /proc/PID/mem: start the kernel with proc_mem.force_override=always");
    }
}
