using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// A thread of our own inside the target: machine code that makes the system calls it is told to, with all signals blocked and an empty
/// descriptor table of its own. It sleeps in a read of a pipe that only the tracer can write, so that the tracer's death, by SIGKILL too, is an end
/// of file on which it unmaps its memory and exits (within seconds when that happens before the pipe exists). It exists only as long as it
/// is needed (A21). One user thread at a time.
/// </summary>
internal sealed class HelperThread : IDisposable
{
    /// <summary>MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE.</summary>
    internal const ulong SyncCommand = 1 << 5;

    /// <summary>MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE.</summary>
    internal const ulong RegisterCommand = 1 << 6;

    private const int MADV_DONTFORK = 10;
    private const int MADV_DONTDUMP = 16;
    private static readonly TimeSpan s_exitTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_registering = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    private readonly TargetProcess _target;
    private readonly SharedMapping _shared;
    private readonly SafeFileHandle _pipe;
    private readonly Mailbox _mailbox;

    private HelperThread(TargetProcess target, HelperBootstrap started, TargetAddress codeArea, SharedMapping shared, SafeFileHandle pipe)
    {
        CodeArea = codeArea;
        (_target, Tid, SharedAddress, ControlAddress) = (target, started.Helper, started.SharedAddress, started.Control);
        BorrowedFor = started.KeptFor;
        (_shared, _pipe, _mailbox) = (shared, pipe, new Mailbox(shared, pipe));
    }

    /// <summary>
    /// Every wait for an answer but one (<see cref="RegisterSyncCores"/>) ends after this time, unless told otherwise.
    /// </summary>
    internal TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Its thread id, as the tracer sees it.</summary>
    internal Tid Tid { get; }

    /// <summary>How long a thread of the target was kept from its work for the start; zero when it was held anyway.</summary>
    internal TimeSpan BorrowedFor { get; }

    /// <summary>The shared memory in the target; the same bytes as <see cref="Shared"/>.</summary>
    internal TargetAddress SharedAddress { get; }

    /// <summary>The page with its code and the trap handler's (<see cref="HelperCode"/>).</summary>
    internal TargetAddress CodeArea { get; }

    /// <summary>The helper's private page in the target.</summary>
    internal TargetAddress ControlAddress { get; }

    /// <summary>The shared memory here. Its first <see cref="Mailbox.Bytes"/> bytes are the mailbox.</summary>
    internal SharedMapping Shared => _shared;

    /// <summary>Starts a helper; one thread of the target is borrowed for some hundred microseconds.</summary>
    /// <exception cref="AttachException">The target does not allow it, or has ended.</exception>
    internal static HelperThread Start(TargetProcess target, TargetTextWriter writer, HelperOptions options)
    {
        HelperBootstrap bootstrap = new(target, writer, options);
        (SharedMapping shared, SafeFileHandle pipe) = bootstrap.Start();
        HelperThread helper = new(target, bootstrap, options.CodeArea, shared, pipe);
        Scheduling.MakeRealTime(helper.Tid); // Best effort: without the right it competes as any thread.
        Scheduling.AllowAllCpus(helper.Tid); // The borrowed thread may be bound to a CPU that others of the program keep busy.
        // Also keeps the kernel from merging its mapping with an arena beside it: the next helper finds the page by its size.
        helper.Syscall(SystemCall.NR_madvise, options.CodeArea.Value, (ulong)options.CodeAreaSize.Value, MADV_DONTDUMP);
        ulong size = (ulong)options.SharedSize.Value;
        helper.Syscall(SystemCall.NR_madvise, helper.SharedAddress.Value, size, MADV_DONTDUMP);
        helper.Syscall(SystemCall.NR_madvise, helper.SharedAddress.Value, size, MADV_DONTFORK);
        return helper;
    }

    /// <summary>Makes one system call in the target.</summary>
    /// <exception cref="AttachException">The target has ended.</exception>
    /// <exception cref="TimeoutException">No answer in time: the target is stopped or frozen. The helper must not be used again.</exception>
    internal SysResult<long> Syscall(int number, params ReadOnlySpan<ulong> arguments)
    {
        long result = Send(number, arguments);
        return result is < 0 and >= -4095 ? new SysResult<long>(-1, (Errno)(-result)) : new SysResult<long>(result, Errno.None);
    }

    /// <summary>Runs code of ours in the target by the SysV calling convention, on a stack of under 4 KiB; gives its rax.</summary>
    /// <exception cref="AttachException">The target has ended.</exception>
    /// <exception cref="TimeoutException">No answer in time. The helper must not be used again.</exception>
    internal long Call(TargetAddress function, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0) =>
        Send(Mailbox.CallNumber, [a0, a1, a2, a3, a4, function.Value]);

    /// <summary>Allows <see cref="SyncCores"/>; takes 10-20 ms in a target with several threads, none of which waits (A15).</summary>
    /// <remarks>
    /// The kernel waits for an RCU grace period, whose thread has the ordinary priority: on a machine whose CPUs are all busy that has taken
    /// over 15 s (m). No breakpoint stands then, so there is time.
    /// </remarks>
    internal SysResult RegisterSyncCores()
    {
        Post(SystemCall.NR_membarrier, [RegisterCommand]);
        return new((Errno)(-Math.Min(0, Take(s_registering))));
    }

    /// <summary>Makes every running thread of the target execute a serialising instruction before it goes on.</summary>
    internal SysResult SyncCores() => new(Syscall(SystemCall.NR_membarrier, SyncCommand).Errno);

    /// <summary>Ends the helper: it unmaps its own memory; whether its thread is gone within two seconds.</summary>
    internal bool Exit()
    {
        if (!_mailbox.Post(Mailbox.LeaveNumber, []).Ok)
            return IsGone();
        return Deadline.In(s_exitTimeout).Poll(IsGone);
    }

    /// <summary>Lets go of it: a helper that was not told to exit does so when the pipe closes.</summary>
    public void Dispose()
    {
        _pipe.Dispose();
        _shared.Dispose();
    }

    /// <summary>Waits for the answer to what was posted last.</summary>
    /// <exception cref="AttachException">The target has ended or executes another program.</exception>
    /// <exception cref="TimeoutException">No answer in time; it comes when the target goes on.</exception>
    internal long Take() => Take(Timeout);

    private long Take(TimeSpan timeout)
    {
        Deadline deadline = Deadline.In(timeout);
        long result;
        while (!_mailbox.TryTake(s_look, out result))
        {
            if (_target.IsGone)
                throw AttachChecks.Ended(_target.Pid);
            if (deadline.IsPast)
                throw new TimeoutException($"process {_target.Pid} ({_target.Name}) did not answer within {timeout.TotalSeconds} s: it is stopped or frozen, or the machine is overloaded");
        }

        return result;
    }

    private bool IsGone() => _target.ReadStatus(Tid) is null or { IsDead: true };

    private long Send(long number, ReadOnlySpan<ulong> arguments)
    {
        Post(number, arguments);
        return Take();
    }

    /// <summary>Hands over one command; <see cref="Take()"/> gives its result.</summary>
    /// <exception cref="AttachException">The target has ended.</exception>
    internal void Post(long number, ReadOnlySpan<ulong> arguments)
    {
        if (!_mailbox.Post(number, arguments).Ok)
            throw AttachChecks.Ended(_target.Pid);
    }
}
