using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// Where the helper's code goes: a page of its own, which stays mapped when the helper leaves (it can't unmap the
/// code it runs) and is found and used again by the next.
/// </summary>
static class HelperPlace
{
    const int PageSize = HelperPage.Size;
    const int SharedSize = 1 << 20;
    const int SharedSizeWhenScarce = 2 * PageSize; // the helper then writes no passes

    /// <summary>Where strings for the helper's system calls are, behind the mailbox.</summary>
    public const int Strings = Mailbox.Bytes;

    static readonly TimeSpan s_orphanPatience = TimeSpan.FromSeconds(20); // one whose tracer died before it was told to go on waits 6 s or more

    /// <summary>
    /// Waits until no helper of a tracer that has died is left: it may be ending a window. Known by its signals, all
    /// blocked, and by its pc where that can be seen.
    /// </summary>
    /// <exception cref="AttachException">One is still there.</exception>
    public static void AwaitOrphan(TargetProcess target)
    {
        if (HelperPage.Find(target, target.ReadMappings()) is not { } page) return;
        List<Tid> left = [.. target.ReadThreads()];
        if (!Deadline.In(s_orphanPatience).Poll(() => left.RemoveAll(tid => !IsOrphan(target, tid, page)) >= 0 && left.Count == 0)) // who looks so in a trap handler does not for long
            throw new AttachException(AttachRefusal.AlreadyTraced, $"process {target.Pid} ({target.Name}) still holds a thread of an earlier calltap: try again");
    }

    /// <summary>Refuses a fork child that has the breakpoints of a window whose tracer died, or such as stay: it answers them by itself, for good.</summary>
    /// <exception cref="AttachException">It is one.</exception>
    public static void RefuseIfBreakpointsStand(TargetProcess target)
    {
        Span<byte> pointer = stackalloc byte[sizeof(ulong)];
        if (HelperPage.Find(target, target.ReadMappings()) is not { } page
            || target.ReadMemory(page + (HelperCode.HandlerData + TrapHandlerEmitter.TablePointer), pointer) != pointer.Length) return;
        var table = new TargetAddress(BinaryPrimitives.ReadUInt64LittleEndian(pointer));
        if (table == default || !(WindowTable.IsOpen(target, table) || WindowTable.IsStanding(target, table))) return;
        string when = WindowTable.IsOpen(target, table) ? "while a calltap that then died changed its parent" : "while breakpoints stood in its parent (--allow-int3)";
        throw new AttachException(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}) was forked {when}: it can't be traced until it is started anew");
    }

    static bool IsOrphan(TargetProcess target, Tid tid, TargetAddress page)
    {
        const ulong AllBlocked = ~((1ul << (Signals.SIGKILL - 1)) | (1ul << (Signals.SIGSTOP - 1)));
        if (target.ReadStatus(tid) is not { BlockedSignals: AllBlocked, IsDead: false }) return false;
        ThreadLook look = ThreadLook.At(target.Pid, tid);
        return look.Activity == ThreadActivity.Running || (look.Pc >= page.Value && look.Pc < (page + PageSize).Value);
    }

    /// <summary>Starts a helper in its page.</summary>
    /// <exception cref="AttachException">The target does not allow it.</exception>
    public static HelperThread Start(TargetProcess target, TargetTextWriter writer, TargetHold? held)
    {
        using UrgentThread urgent = UrgentThread.BeginBesideOthers();
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        TargetAddress? old = HelperPage.Find(target, mappings);
        TargetAddress area = old ?? FindNew(target, mappings);
        var options = new HelperOptions(area, new ByteSize(PageSize), new ByteSize(IsMemoryScarce(target) ? SharedSizeWhenScarce : SharedSize))
        {
            CodeAreaIsMapped = old is not null,
            Holder = held?.Thread,
            HeldThread = held?.HeldThread ?? default,
        };
        return HelperThread.Start(target, writer, options);
    }

    /// <summary>What is mapped is locked, or counts against a limit (RLIMIT_AS).</summary>
    public static bool IsMemoryScarce(TargetProcess target) =>
        target.ReadThreads().Select(target.ReadStatus).FirstOrDefault(status => status is not null) is { LockedBytes.Value: > 0 }
        || HasAddressSpaceLimit(target.Pid);

    /// <summary>RLIMIT_AS.</summary>
    public static bool HasAddressSpaceLimit(Pid pid) =>
        ProcFiles.TryReadText(ProcFiles.Process(pid, "limits")) is { } limits
            && limits.Split('\n').FirstOrDefault(line => line.StartsWith("Max address space", StringComparison.Ordinal)) is { } line
            && !line["Max address space".Length..].TrimStart().StartsWith("unlimited", StringComparison.Ordinal);

    static TargetAddress FindNew(TargetProcess target, IReadOnlyList<MemoryMapping> mappings)
    {
        MemoryMapping text = mappings.First(m => m.IsExecutable);
        return AddressSpace.FindRoom([.. mappings.OrderBy(m => m.Start)], text.Start, text.End, PageSize)
            ?? throw new AttachException(AttachRefusal.Unsupported, $"no free page within 2 GiB of the code of process {target.Pid} ({target.Name}), which maps all addresses there: it can't be traced");
    }
}
