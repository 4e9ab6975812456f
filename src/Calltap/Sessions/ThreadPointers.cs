using System.Buffers.Binary;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// Checks, without stopping anybody, that every thread of the target has a thread pointer as the trampolines expect
/// it: fs:0 holds its own address (System V psABI, TLS), and finds where libc keeps the tid behind it.
/// </summary>
/// <remarks>
/// glibc registers each thread's robust futex list with the kernel, and its head lies in the thread descriptor that
/// the thread pointer points at: so get_robust_list(2) tells where the descriptor is.
/// </remarks>
static class ThreadPointers
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_patienceInTheMaking = TimeSpan.FromSeconds(20);
    static readonly TimeSpan s_making = TimeSpan.FromMilliseconds(10); // of CPU time: glibc's start of a thread takes some 20 us, but what a hypervisor takes away is counted too

    const int SearchBelowHead = 0x600; // glibc 2.36: the head is 0x2e0 behind the thread pointer
    const int DescriptorSize = 0x700;

    /// <summary>The offset of the tid behind the thread pointer, the same for every thread.</summary>
    /// <exception cref="AttachException">A thread has no thread pointer that could be verified.</exception>
    public static int FindTidOffset(TargetProcess target)
    {
        int? offset = null;
        foreach (Tid tid in target.ReadThreads())
        {
            if (ThreadLook.IsKernelWorker(target.Pid, tid)) continue;
            int? found = null;
            bool gone = false;
            // The helper of a tracer that was killed leaves in a moment.
            Deadline patience = Deadline.In(s_patience);
            Deadline.In(s_patienceInTheMaking).Poll(() =>
                (gone = IsGone(target, tid)) || (found = TidOffset(target, tid, offset)) is not null || (patience.IsPast && !IsInTheMaking(target, tid)));
            if (gone) continue;
            offset = found ?? throw new AttachException(
                AttachRefusal.Unsupported,
                $"thread {tid} of process {target.Pid} ({target.Name}) has no thread pointer that could be verified: only threads made by glibc can be traced");
        }
        return offset ?? throw AttachChecks.Ended(target.Pid);
    }

    /// <summary>
    /// Whether the thread has hardly had a CPU so far: it sets up its list itself, and on a busy machine it may be long
    /// until it first runs.
    /// </summary>
    static bool IsInTheMaking(TargetProcess target, Tid tid) => ThreadLook.RunTimeOf(target.Pid, tid) is { } time && time < s_making;

    static bool IsGone(TargetProcess target, Tid tid) => target.ReadStatus(tid) is null or { IsDead: true };

    static int? TidOffset(TargetProcess target, Tid tid, int? known) =>
        RobustList.HeadOf(tid) is { Ok: true, Value: not 0 } head ? TidOffset(target, tid, head.Value, known) : null;

    static int? TidOffset(TargetProcess target, Tid tid, ulong head, int? known)
    {
        Span<byte> memory = stackalloc byte[SearchBelowHead + DescriptorSize];
        ulong start = (head & ~7ul) - SearchBelowHead;
        int read = target.ReadMemory(new TargetAddress(start), memory);
        // The descriptor may be the first thing on its mapping: read what there is.
        while (read == 0 && start < head)
        {
            start = (start | 0xfff) + 1;
            read = start < head ? target.ReadMemory(new TargetAddress(start), memory) : 0;
        }
        int ownTid = target.ReadStatus(tid)?.NamespaceId ?? 0;
        // From the head downwards: the descriptor is the nearest thing below it that begins with its own address, at
        // fs:0 (psABI) and at fs:0x10 (glibc's tcbhead_t.self).
        for (int at = (int)(head - start) & ~7; at >= 0; at -= 8)
            if (at + DescriptorSize / 2 <= read && PointsAtItself(memory[at..], start + (ulong)at)
                && Offset(memory[at..read], ownTid, known) is int offset) return offset;
        return null;
    }

    static bool PointsAtItself(ReadOnlySpan<byte> descriptor, ulong address) =>
        BinaryPrimitives.ReadUInt64LittleEndian(descriptor) == address
        && BinaryPrimitives.ReadUInt64LittleEndian(descriptor[0x10..]) == address;

    static int? Offset(ReadOnlySpan<byte> descriptor, int tid, int? known)
    {
        if (known is int offset)
            return offset + 4 <= descriptor.Length && BinaryPrimitives.ReadInt32LittleEndian(descriptor[offset..]) == tid ? offset : null;
        for (int at = 0x18; at + 4 <= Math.Min(descriptor.Length, DescriptorSize); at += 4)
            if (BinaryPrimitives.ReadInt32LittleEndian(descriptor[at..]) == tid) return at;
        return null;
    }
}
