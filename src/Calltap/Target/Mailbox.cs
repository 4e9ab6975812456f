using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// Commands to the helper thread, in the first bytes of the memory shared with it; the rest of the first page is free for no one. One command at a
/// time: <see cref="Post"/>, then <see cref="TryTake"/> until it gives the result. Allocates nothing. One thread at a time.
/// </summary>
internal sealed unsafe class Mailbox(SharedMapping shared, SafeFileHandle pipe)
{
    /// <summary>u32: the number of the command; written last by the tracer.</summary>
    internal const int Command = 0;

    /// <summary>u32: the number of the command that is done; written last by the helper; a shared futex.</summary>
    internal const int Done = 4;

    /// <summary>i64: a system call's number, or one of the two below.</summary>
    internal const int Number = 8;

    /// <summary>u64 x 6.</summary>
    internal const int Arguments = 16;

    /// <summary>i64: what the system call or function returned.</summary>
    internal const int Result = 64;

    /// <summary>Bytes at the start of the shared memory that belong to the mailbox.</summary>
    internal const int Bytes = 4096;

    /// <summary>Unmap and exit; no answer.</summary>
    internal const int LeaveNumber = -1;

    /// <summary>
    /// Make the system calls of a list, in their order, as long as each returns what is expected: the first argument is the list's address in the
    /// target, the second how many it has. The result is how many were not made.
    /// </summary>
    internal const int ListNumber = -3;

    /// <summary>An entry of a list: number, six arguments, the result expected; qwords.</summary>
    internal const int ListEntryBytes = 64;

    /// <summary>Call the function at the sixth argument with the first five, by the SysV ABI.</summary>
    internal const int CallNumber = -2;

    private const int SpinsBeforeWait = 200;

    private int _posted;

    /// <summary>Hands over one command and wakes the helper. EPIPE: it is gone.</summary>
    internal SysResult Post(long number, ReadOnlySpan<ulong> arguments)
    {
        *(long*)(shared.Pointer + Number) = number;
        Span<ulong> slots = new(shared.Pointer + Arguments, 6);
        slots.Clear();
        arguments.CopyTo(slots);
        Volatile.Write(ref *(int*)(shared.Pointer + Command), ++_posted); // Pairs with HelperCode.EmitLoop.
        return Descriptors.WriteByte(pipe);
    }

    /// <summary>Waits at most <paramref name="timeout"/> for the answer to the last command; false when there is none yet.</summary>
    internal bool TryTake(TimeSpan timeout, out long result)
    {
        int* done = (int*)(shared.Pointer + Done);
        for (int i = 0; i < SpinsBeforeWait && Volatile.Read(ref *done) != _posted; i++)
            Thread.SpinWait(10);
        Deadline deadline = Deadline.In(timeout);
        for (int seen; (seen = Volatile.Read(ref *done)) != _posted && !deadline.IsPast;) // Pairs with HelperCode.EmitAnswer.
            SystemCall.FutexWait(done, seen, deadline.Left);
        // In this order: the helper writes the result, then the number.
        bool taken = Volatile.Read(ref *done) == _posted;
        result = taken ? *(long*)(shared.Pointer + Result) : 0;
        return taken;
    }
}
