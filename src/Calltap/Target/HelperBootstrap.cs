using System.Buffers.Binary;
using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// Brings the helper thread to life: (1) a borrowed thread maps the code area and the control page and clones the helper, nothing else, since
/// it is missing from its own work meanwhile (A15); (2) the helper makes its shared memory and its pipe; (3) the tracer opens both through
/// /proc and lets it go.
/// </summary>
internal sealed class HelperBootstrap(TargetProcess target, TargetTextWriter writer, HelperOptions options)
{
    private const int PROT_READ_WRITE = 3;
    private const int PROT_READ_EXEC = 5;
    private const int MAP_PRIVATE_ANONYMOUS = 0x22;
    private const int MAP_FIXED_NOREPLACE = 0x100000;

    // CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | SETTLS | UNTRACED: where the borrowed thread is held by one who follows what it makes
    private const ulong CloneFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x80000 | 0x800000;

    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(5);

    // Emitted beforehand: a thread of the target waits while the borrowed one is used.
    private readonly ReadOnlyMemory<byte> _code = HelperCode.Page;
    private HijackedThread? _borrowed;

    internal TargetAddress Control { get; private set; }

    internal TargetAddress SharedAddress { get; private set; }

    internal Tid Helper { get; private set; }

    /// <summary>How long the borrowed thread was kept from its work.</summary>
    internal TimeSpan KeptFor => _borrowed?.KeptFor ?? TimeSpan.Zero;

    /// <summary>Steps 1 to 3; gives the mapping of the shared memory and the pipe to write to.</summary>
    /// <exception cref="AttachException">The target does not allow it, or has ended.</exception>
    internal (SharedMapping Shared, SafeFileHandle Pipe) Start()
    {
        long id = Borrow(Clone);
        options.Reaching?.Invoke(0);
        byte[] page = AwaitReady(); // first: one that has failed is gone at once
        Helper = FindThread(id);
        using SafeFileHandle memory = Open(page, ControlPage.MemoryFile, Descriptors.O_RDWR);
        SafeFileHandle pipe = Open(page, ControlPage.Pipe + sizeof(int), Descriptors.O_WRONLY);
        try
        {
            SharedMapping shared = SharedMapping.Create(memory, options.SharedSize);
            SharedAddress = new TargetAddress(BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(ControlPage.SharedAddress)));
            options.Reaching?.Invoke(1);
            if (!Descriptors.WriteByte(pipe).Ok)
                throw HasLeft();
            return (shared, pipe);
        }
        catch
        {
            pipe.Dispose(); // The helper, never told to go on, leaves by itself.
            throw;
        }
    }

    private T Borrow<T>(Func<HijackedThread, T> work) => options.Holder is { } holder
        ? Injection.RunHeld(target, writer, holder, options.HeldThread, work)
        : Injection.Run(target, writer, work);

    private long Clone(HijackedThread borrowed)
    {
        _borrowed = borrowed;
        // In a process of one thread the kernel need not wait for the other CPUs to notice (sync_runqueues_membarrier_state): tens of milliseconds later on.
        if (options.Holder is not null)
            borrowed.Call(SystemCall.NR_membarrier, HelperThread.RegisterCommand);
        if (options.CodeAreaIsMapped)
        {
            writer.Verify(options.CodeArea, _code.Span);
        }
        else
        {
            ulong flags = MAP_PRIVATE_ANONYMOUS | MAP_FIXED_NOREPLACE;
            Map(borrowed, options.CodeArea, options.CodeAreaSize, PROT_READ_EXEC, flags);
            writer.Place(options.CodeArea, _code.Span);
        }

        Control = Map(borrowed, default, new ByteSize(ControlPage.Bytes), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS);
        writer.Place(Control, ControlPage.Initial(Control, options));
        user_regs_struct registers = borrowed.Registers;
        registers.rax = SystemCall.NR_clone;
        (registers.rdi, registers.rsi, registers.rdx) = (CloneFlags, Control.Value + ControlPage.Bytes, 0);
        (registers.r10, registers.r8) = (0, Control.Value + ControlPage.ThreadPointer);
        registers.rbx = Control.Value;
        SysResult<long> cloned = borrowed.Run(options.CodeArea, registers);
        if (!cloned.Ok)
            UnmapControl(borrowed);
        return Require(cloned, "clone of the helper thread");
    }

    private SysResult<long> UnmapControl(HijackedThread borrowed) => borrowed.Call(SystemCall.NR_munmap, Control.Value, ControlPage.Bytes);

    private TargetAddress Map(HijackedThread borrowed, TargetAddress address, ByteSize size, ulong protection, ulong flags)
    {
        SysResult<long> mapped = borrowed.Call(SystemCall.NR_mmap, address.Value, (ulong)size.Value, protection, flags, ulong.MaxValue, 0);
        return new TargetAddress((ulong)Require(mapped, $"mmap of {size} bytes at {address}"));
    }

    private long Require(SysResult<long> result, string call) =>
        result.Ok ? result.Value : throw Unsupported(call, result.Errno);

    private AttachException Unsupported(string call, Errno errno) =>
        AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}): {new SystemCallException(errno, call).Message}{LimitText.See(errno)}");

    // Clone gave the id in the target's own pid namespace; /proc lists ours.
    private Tid FindThread(long idInTarget)
    {
        foreach (Tid tid in target.ReadThreads().Reverse())
            if (target.ReadStatus(tid) is { } status && status.NamespaceId == idInTarget)
                return tid;
        throw HasLeft();
    }

    // It waits some seconds for the tracer, and then leaves by itself. Where the process ends, or executes another program, it goes before the memory does.
    private AttachException HasLeft() => target.IsGoneAtLast
        ? AttachChecks.Ended(target.Pid)
        : AttachChecks.Refuse(AttachRefusal.Stopped, $"the helper thread in process {target.Pid} ({target.Name}) was not reached in time: the process is stopped or frozen, or the machine is overloaded; nothing was changed");

    private byte[] AwaitReady()
    {
        byte[] page = new byte[ControlPage.ThreadPointer];
        bool read = true;
        bool answered = Deadline.In(s_startTimeout).Poll(() =>
            !(read = target.ReadMemory(Control, page) == page.Length) || page[ControlPage.State] != 0);
        if (!read)
            throw HasLeft();
        if (!answered)
            throw AttachChecks.Refuse(AttachRefusal.Stopped, $"the helper thread in process {target.Pid} ({target.Name}) did not start within {s_startTimeout.TotalSeconds} s: the process is stopped or frozen");
        if (page[ControlPage.State] != ControlPage.Failed)
            return page;
        Borrow(UnmapControl); // the helper does not touch it any more
        throw Unsupported(StepName(page[ControlPage.Step]), (Errno)(-BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(ControlPage.Error))));
    }

    private static string StepName(byte step) => step switch
    {
        1 => "close_range(CLOSE_RANGE_UNSHARE), which Linux has since 5.9",
        2 => "memfd_create",
        3 => "ftruncate of shared memory",
        4 => "mmap of shared memory",
        _ => "pipe2",
    };

    // Through the helper's own entry: its descriptor table is no one else's.
    private SafeFileHandle Open(byte[] page, int field, int flags)
    {
        int descriptor = BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(field));
        SysResult<SafeFileHandle> file = Descriptors.Open(ProcFiles.Thread(target.Pid, Helper, $"fd/{descriptor}"), flags);
        return file.Errno == Errno.ENOENT ? throw HasLeft() : file.OrThrow("opening the helper's file");
    }
}
