using System.Buffers.Binary;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// The helper's list of system calls: pwrite to its own memory file, and membarrier. The list and the bytes lie in the memory it shares with
/// the tracer, behind the mailbox and the strings.
/// </summary>
sealed unsafe class HelperPasses : IPassList
{
    const int NR_open = 2, NR_pwrite64 = 18;
    const int FUTEX_CMP_REQUEUE_PRIVATE = 4 | 128;
    const int MaxEntries = 256;
    const int ListAt = HelperPlace.Strings + 4096;
    const int BytesAt = ListAt + MaxEntries * Mailbox.ListEntryBytes;

    readonly HelperThread _helper;
    readonly ulong _memory;
    int _used;

    HelperPasses(HelperThread helper, ulong memory) => (_helper, _memory) = (helper, memory);

    /// <summary>Opens the helper's memory file; null where it may not (no /proc, a process that is not dumpable), or has no room for lists.</summary>
    public static HelperPasses? TryOpen(TargetProcess target, HelperThread helper)
    {
        if (helper.Shared.Size.Value <= BytesAt) return null;
        TargetAddress path = new HelperCalls(target, helper).PlaceString("/proc/thread-self/mem"); // not /proc/self: the leader may have exited
        SysResult<long> memory = helper.Syscall(NR_open, path.Value, Descriptors.O_RDWR);
        return memory.Ok ? new HelperPasses(helper, (ulong)memory.Value) : null;
    }

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public bool Fits(long bytes, int writes) => 3 * bytes + 64 <= _helper.Shared.Size.Value - BytesAt && 6 * writes + 8 <= MaxEntries;

    /// <inheritdoc/>
    public void Clear() => (Count, _used) = (0, 0);

    /// <inheritdoc/>
    public void Write(TargetAddress address, ReadOnlySpan<byte> bytes)
    {
        // SAFETY: inside the shared mapping (Fits), which lives as long as the helper.
        bytes.CopyTo(new Span<byte>(_helper.Shared.Pointer + BytesAt + _used, bytes.Length));
        ulong from = (_helper.SharedAddress + (BytesAt + _used)).Value;
        _used += bytes.Length;
        Add(NR_pwrite64, [_memory, from, (ulong)bytes.Length, address.Value], bytes.Length);
    }

    /// <inheritdoc/>
    /// <remarks>futex(FUTEX_CMP_REQUEUE) of no waiters compares a word and does nothing else; EFAULT where nothing is mapped.</remarks>
    public void Expect(TargetAddress address, ReadOnlySpan<byte> bytes) => Add(
        SystemCall.NR_futex, [address.Value, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, address.Value, BinaryPrimitives.ReadUInt32LittleEndian(bytes)], 0);

    /// <inheritdoc/>
    public void SyncCores() => Add(SystemCall.NR_membarrier, [HelperThread.SyncCommand], 0);

    void Add(int number, ReadOnlySpan<ulong> arguments, long expected)
    {
        // SAFETY: as above.
        var entry = new Span<ulong>(_helper.Shared.Pointer + ListAt + Count * Mailbox.ListEntryBytes, Mailbox.ListEntryBytes / sizeof(ulong));
        entry.Clear();
        entry[0] = (ulong)number;
        arguments.CopyTo(entry[1..]);
        entry[^1] = (ulong)expected;
        Count++;
    }

    /// <inheritdoc/>
    public int Run()
    {
        _helper.Post(Mailbox.ListNumber, [(_helper.SharedAddress + ListAt).Value, (ulong)Count]);
        return Await();
    }

    /// <inheritdoc/>
    public int Await() => Count - (int)_helper.Take();
}
