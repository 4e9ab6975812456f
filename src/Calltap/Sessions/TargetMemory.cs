using System.Text;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Sessions;

/// <summary>Everything that a session has mapped in the target.</summary>
/// <param name="Session">The shared session memory.</param>
/// <param name="ThreadTable">The thread table: private, wiped in fork children.</param>
/// <param name="OpLists">The op lists: private.</param>
/// <param name="SiteTable">The site table: private, so that a fork child finds its own.</param>
/// <param name="WindowTable">The window table: private likewise.</param>
/// <param name="Arenas">The arenas.</param>
sealed record TargetMemory(
    SessionMemory Session, TargetAddress ThreadTable, TargetAddress OpLists, TargetAddress SiteTable,
    TargetAddress WindowTable, ArenaSet Arenas)
{
    public const int ProtectionReadExecute = 5, MapPrivateAnonymous = 0x22, MapNoReserve = 0x4000, MapFixedNoReplace = 0x100000;
    const int ProtectionRead = 1, ProtectionReadWrite = 3;
    const int MapShared = 1;
    const int MadviseDontFork = 10, MadviseDontDump = 16, MadviseWipeOnFork = 18;
    const int MemfdCloseOnExec = 1, MemfdNoExecSeal = 8;

    /// <summary>Maps it all, by system calls of the helper; null when an arena's place is taken by now: plan again.</summary>
    /// <exception cref="AttachException">A mapping is refused.</exception>
    public static TargetMemory? TryMap(
        TargetProcess target, TargetTextWriter writer, HelperThread helper, SessionPlan plan, ThreadDescriptorLayout descriptors)
    {
        var calls = new HelperCalls(target, helper);
        try
        {
            // First of all: else the kernel may put something else there.
            if (plan.Arenas.All(arena => calls.TryMapAt(arena.Start, arena.Size, ProtectionReadExecute, MapPrivateAnonymous | MapNoReserve)))
                return Map(target, writer, helper, calls, plan, descriptors);
            calls.UnmapAll();
            return null;
        }
        catch
        {
            calls.UnmapAll();
            throw;
        }
    }

    static TargetMemory Map(
        TargetProcess target, TargetTextWriter writer, HelperThread helper, HelperCalls calls, SessionPlan plan, ThreadDescriptorLayout descriptors)
    {
        SessionMemory session = MapSession(target, helper, calls, plan.Layout, null);
        TargetAddress threads = calls.Map(ThreadSlotLayout.TableSize, ProtectionReadWrite, MapPrivateAnonymous);
        calls.Require(
            helper.Syscall(SystemCall.NR_madvise, threads.Value, ThreadSlotLayout.TableSize, MadviseWipeOnFork), "madvise(MADV_WIPEONFORK)");
        calls.Advise(threads, ThreadSlotLayout.TableSize, MadviseDontDump);
        TargetAddress lists = calls.Map(plan.OpListsSize, ProtectionRead, MapPrivateAnonymous | MapNoReserve);
        TargetAddress sites = calls.Map(plan.SiteTableSize, ProtectionRead, MapPrivateAnonymous | MapNoReserve);
        TargetAddress window = calls.Map(plan.WindowTableSize, ProtectionReadWrite, MapPrivateAnonymous | MapNoReserve);
        calls.Advise(window, plan.WindowTableSize, MadviseDontDump);
        var options = new TrampolineOptions(threads, session.Address, plan.Layout, lists, descriptors) { ForwardsFaults = plan.IsScattered };
        var arenas = new ArenaSet(writer, options, session);
        foreach (ArenaPlace place in plan.Arenas) arenas.Add(place);
        var memory = new TargetMemory(session, threads, lists, sites, window, arenas);
        memory.Describe(plan);
        return memory;
    }

    /// <summary>
    /// The memory of a session in what was just forked: everything but the session memory is there as a copy; that is made anew at the same address,
    /// which trampolines know.
    /// </summary>
    /// <param name="child">The child, in which that address is taken (<see cref="TryReserveInFork"/>).</param>
    /// <param name="writer">Writes into it.</param>
    /// <param name="helper">Is in it.</param>
    /// <param name="plan">The plan of its parent's session.</param>
    /// <exception cref="AttachException">A mapping is refused.</exception>
    public TargetMemory MapInFork(TargetProcess child, TargetTextWriter writer, HelperThread helper, SessionPlan plan)
    {
        SessionMemory session = MapSession(child, helper, new HelperCalls(child, helper), plan.Layout, Session.Address);
        TargetMemory memory = this with { Session = session, Arenas = new ArenaSet(Arenas, writer, session) };
        memory.Describe(plan);
        return memory;
    }

    /// <summary>Takes the address of the session memory in what was just forked, before the kernel gives it to anything else: the helper's own memory among that.</summary>
    /// <returns>False when something is mapped there.</returns>
    public bool TryReserveInFork(TargetProcess child, TargetTextWriter writer, SessionPlan plan, TargetHold? hold)
    {
        const ulong ProtectionNone = 0;
        SysResult<long> Reserve(HijackedThread borrowed) => borrowed.Call(
            SystemCall.NR_mmap, Session.Address.Value, (ulong)plan.Layout.TotalSize, ProtectionNone, MapPrivateAnonymous | MapNoReserve | MapFixedNoReplace, ulong.MaxValue, 0);

        return (hold is null ? Injection.Run(child, writer, Reserve) : Injection.RunHeld(child, writer, hold.Thread, hold.HeldThread, Reserve)).Ok;
    }

    static SessionMemory MapSession(TargetProcess target, HelperThread helper, HelperCalls calls, SessionMemoryLayout layout, TargetAddress? place)
    {
        TargetAddress name = calls.PlaceString(SessionHeader.FileName);
        SysResult<long> file = helper.Syscall(SystemCall.NR_memfd_create, name.Value, MemfdCloseOnExec | MemfdNoExecSeal);
        if (file.Errno == Errno.EINVAL) file = helper.Syscall(SystemCall.NR_memfd_create, name.Value, MemfdCloseOnExec);
        ulong descriptor = (ulong)calls.Require(file, "memfd_create");
        ulong size = (ulong)layout.TotalSize;
        calls.Require(helper.Syscall(SystemCall.NR_ftruncate, descriptor, size), "ftruncate");
        TargetAddress address = place is { } at
            ? calls.MapOver(at, layout.TotalSize, ProtectionReadWrite, MapShared | MapNoReserve, descriptor)
            : calls.Map(layout.TotalSize, ProtectionReadWrite, MapShared | MapNoReserve, descriptor);
        calls.Advise(address, layout.TotalSize, MadviseDontFork);
        calls.Advise(address, layout.TotalSize, MadviseDontDump);
        string path = ProcFiles.Thread(target.Pid, helper.Tid, $"fd/{descriptor}");
        SafeFileHandle here = Descriptors.Open(path, Descriptors.O_RDWR).OrThrow($"open({path})");
        helper.Syscall(SystemCall.NR_close, descriptor);
        return new SessionMemory(SharedFile.Map(here, layout.TotalSize), layout, address);
    }

    /// <summary>Says in the session header where everything is.</summary>
    void Describe(SessionPlan plan)
    {
        Session.Set(SessionHeader.SiteTable, SiteTable.Value);
        Session.Set(SessionHeader.SiteTableSize, (ulong)plan.SiteTableSize);
        Session.Set(SessionHeader.MappingTable, (SiteTable + plan.MappingTableOffset).Value);
        Session.Set(SessionHeader.ThreadTable, ThreadTable.Value);
        Session.Set(SessionHeader.ThreadTableSize, ThreadSlotLayout.TableSize);
        Session.Set(SessionHeader.WindowTable, WindowTable.Value);
        Session.Set(SessionHeader.WindowTableSize, (ulong)plan.WindowTableSize);
        Session.Set(SessionHeader.OpLists, OpLists.Value);
        Session.Set(SessionHeader.OpListsSize, (ulong)plan.OpListsSize);
        Session.Announce();
    }
}
