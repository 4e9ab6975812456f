using System.Buffers.Binary;
using System.Text;
using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Managed;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap;

/// <summary>
/// A session found in a target by its mappings: one that runs in another process, or one whose tracer has died. Says
/// what is armed, and restores every byte.
/// </summary>
public sealed class LeftSession
{
    internal const int HeaderSize = 4096;
    const int BlockSites = 1024;
    const int MaxSites = 1 << 21; // of all that a target may say it has: twenty times what the largest program known here has

    readonly TargetProcess _target;
    readonly byte[] _header;
    SiteModules? _modules;

    /// <summary>The session whose header was read.</summary>
    internal LeftSession(TargetProcess target, byte[] header) => (_target, _header) = (target, header);

    /// <summary>The tracer's pid, as it knew itself.</summary>
    public Pid Tracer => new(BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(SessionHeader.TracerPid)));

    /// <summary>Whether that tracer still runs.</summary>
    public bool TracerIsAlive => ProcFiles.TryReadText(ProcFiles.Process(Tracer, "comm")) is not null;

    /// <summary>Whether its tracer has detached, and only memory was left because a thread was in it.</summary>
    public bool IsDetached => BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(SessionHeader.Detached)) == 1;

    /// <summary>The trap totals.</summary>
    public TrapCounts Traps
    {
        get
        {
            long Total(int index) => BinaryPrimitives.ReadInt64LittleEndian(_header.AsSpan(SessionHeader.TrapTotals + 8 * index));
            return new TrapCounts
            {
                Hits = Total(0), EmulatedJumps = Total(1), EmulatedCalls = Total(2), EmulatedNops = Total(3),
                EmulatedReturns = Total(4), Late = Total(5), Foreign = Total(6), Moved = Total(7), Interrupted = Total(8),
                Restarted = Total(9), Misdirected = Total(10), AnsweredInTarget = Total(11),
                Parked = Total(12), Refused = Total(13),
            };
        }
    }

    /// <summary>
    /// What became of the window in which its tracer died: whether the helper has ended one, and whether one stands open. Neither
    /// when it died outside of any.
    /// </summary>
    internal (bool Ended, bool Open) LastWindow
    {
        get
        {
            var table = new byte[WindowTableLayout.Entries];
            _target.ReadMemory(WindowTable, table);
            return (BinaryPrimitives.ReadInt64LittleEndian(table.AsSpan(WindowTableLayout.EndedByHelper)) > 0, table[WindowTableLayout.State] != WindowTableLayout.Closed);
        }
    }

    /// <summary>Where its window table is.</summary>
    internal TargetAddress WindowTable => Remains.WindowTable;

    /// <summary>What it has mapped.</summary>
    internal SessionRemains Remains => SessionRemains.Read(_header);

    /// <summary>The ops by their bit; empty names are free slots.</summary>
    public IReadOnlyList<string> Ops
    {
        get
        {
            var names = new string[SessionHeader.MaxOps];
            for (int i = 0; i < names.Length; i++)
            {
                ReadOnlySpan<byte> op = _header.AsSpan(SessionHeader.Ops + i * SessionHeader.OpSize, SessionHeader.OpSize);
                bool used = BinaryPrimitives.ReadInt32LittleEndian(op[4..]) == 1;
                string name = used ? Encoding.UTF8.GetString(op[8..].TrimEnd((byte)0)) : "";
                names[i] = name.Any(char.IsControl) ? "?" : name; // none of ours: it could write to the terminal
            }
            return names;
        }
    }

    /// <summary>
    /// The session in a target; null when there is none. One that has ended and left memory behind counts only where
    /// there is no other: it does not hide one that is armed.
    /// </summary>
    public static LeftSession? Find(TargetProcess target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return FindAll(target).OrderBy(session => session.IsDetached).FirstOrDefault();
    }

    /// <summary>Every session that has memory in a target.</summary>
    internal static IReadOnlyList<LeftSession> FindAll(TargetProcess target)
    {
        var found = new List<LeftSession>();
        foreach (MemoryMapping mapping in target.ReadMappings().Where(IsSession))
        {
            var header = new byte[HeaderSize];
            if (target.ReadMemory(mapping.Start, header) != header.Length
                || BinaryPrimitives.ReadUInt64LittleEndian(header) != SessionHeader.MagicValue) continue;
            var session = new LeftSession(target, header);
            if (session.Remains.Session.Start == mapping.Start) found.Add(session);
        }
        return found;
    }

    /// <summary>What the op with this bit does.</summary>
    public OpKind KindOf(int op) =>
        (OpKind)BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(SessionHeader.Ops + op * SessionHeader.OpSize));

    /// <summary>
    /// Asks a tracer that still runs to end its session by itself (SIGTERM), and waits until it has. The pid comes out of the
    /// target's memory, so it is only believed of a process that has the same session memory mapped.
    /// </summary>
    /// <returns>Whether the session is over.</returns>
    public bool AskTracerToDetach(TimeSpan patience)
    {
        if (!TracerHasSession() || !Signals.Kill(Tracer, Signals.SIGTERM).Ok) return false;
        return Deadline.In(patience).Poll(() => _target.IsGone || Find(_target) is not { IsDetached: false });
    }

    bool TracerHasSession()
    {
        if (ProcFiles.TryReadBytes(ProcFiles.Process(Tracer, "maps")) is not { Length: > 0 } maps) return false;
        MemoryMapping[] ours = [.. _target.ReadMappings().Where(IsSession)];
        return ProcMaps.Parse(maps).Any(m => IsSession(m) && ours.Any(o => (o.Device, o.Inode) == (m.Device, m.Inode)));
    }

    static bool IsSession(MemoryMapping mapping) =>
        mapping.Path.StartsWith("/memfd:" + SessionHeader.FileName, StringComparison.Ordinal);

    /// <summary>Refuses a target that has a session.</summary>
    /// <exception cref="AttachException">It has one.</exception>
    public static void RefuseIfPresent(TargetProcess target)
    {
        if (Find(target) is not { IsDetached: false } session) return;
        throw new AttachException(
            AttachRefusal.AlreadyTraced,
            session.TracerIsAlive
                ? $"process {target.Pid} ({target.Name}) is being traced by calltap (pid {session.Tracer}): stop that first"
                : $"process {target.Pid} ({target.Name}) has functions armed by a calltap that is gone: run `calltap detach -p {target.Pid}` first");
    }

    /// <summary>The sites that were ever armed.</summary>
    public IReadOnlyList<SiteTableEntry> ReadSites()
    {
        _modules ??= new SiteModules(_target, _header); // while the session is there
        TargetAddress table = new(BinaryPrimitives.ReadUInt64LittleEndian(_header.AsSpan(SessionHeader.SiteTable)));
        long size = BinaryPrimitives.ReadInt64LittleEndian(_header.AsSpan(SessionHeader.SiteTableSize));
        long count = Math.Min(BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(SessionHeader.SiteCount)), Math.Min(size / SiteTableEntry.Size, MaxSites));
        var block = new byte[SiteTableEntry.Size * BlockSites];
        var sites = new List<SiteTableEntry>();
        // Block by block: the numbers are the target's, and what it says to be there need not be.
        for (long first = 1, read; first < count; first += read)
        {
            Span<byte> wanted = block.AsSpan(0, SiteTableEntry.Size * (int)Math.Min(BlockSites, count - first));
            read = _target.ReadMemory(table + first * SiteTableEntry.Size, wanted) / SiteTableEntry.Size;
            if (read == 0) break;
            for (int i = 0; i < read; i++)
                if (SiteTableEntry.Read(wanted[(i * SiteTableEntry.Size)..]) is { Address.Value: not 0 } site) sites.Add(site);
        }
        return sites;
    }

    /// <summary>Restores every byte, verifies it, and unmaps what is provably unused.</summary>
    /// <returns>How it went; sites that hold somebody else's bytes are among the refused.</returns>
    /// <exception cref="AttachException">The target can't be traced.</exception>
    public BatchResult Restore() => Restore(null, isCopy: false);

    /// <summary>The same where the target is a fork child of the session's, and has all of it but the memory that is shared with the tracer: that is left mapped.</summary>
    /// <param name="hold">Who holds it; null when it runs.</param>
    /// <exception cref="AttachException">The target can't be traced.</exception>
    internal BatchResult RestoreCopy(TargetHold? hold) => Restore(hold, isCopy: true);

    BatchResult Restore(TargetHold? hold, bool isCopy)
    {
        HelperPlace.AwaitOrphan(_target);
        var writer = new TargetTextWriter(_target);
        using HelperThread helper = HelperPlace.Start(_target, writer, hold);
        helper.RegisterSyncCores().OrThrow("membarrier(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)");
        SessionRemains remains = Remains;
        Site[] sites = ToSites(remains);
        Poke[] pokes = [.. sites.Where(site => site is { State: not SiteState.Original, Refusal: null }).Select(Poke.MakeNop)];
        var vacating = new Vacating(_target, remains);
        var table = new WindowTable(_target, writer, remains.WindowTable) { Former = [.. sites.Select(Poke.MakeNop)] };
        var poker = new TextPoker(_target, writer, table) { HeldThread = hold?.HeldThread ?? default };
        poker.Know(sites.Where(site => site.State == SiteState.Armed));
        BatchResult result = poker.Poke(pokes, new HelperSync(_target, helper), new NoJournal(), vacating.Watch);
        writer.Place(remains.ThreadTable + ThreadSlotLayout.SwitchOffset, [0, 0, 0, 0]);
        // What has gone meanwhile holds nothing of ours: a module, or a method whose code was freed.
        result = result with { Refused = [.. result.Refused.Where(site => site.State != SiteState.Original), .. sites.Where(site => site.State == SiteState.Changing)] };
        bool restored = result.Refused.Count == 0;
        // What stays mapped, because a thread is still in it, is no session any more.
        if (restored && !isCopy) writer.Place(remains.Session.Start + SessionHeader.Detached, [1, 0, 0, 0]);
        if (restored) table.Leave(helper.CodeArea);
        if (!isCopy) vacating.Unmap(_target, helper, result, restored);
        helper.Exit();
        if (restored && !isCopy && BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(SessionHeader.PerfMap)) == 1) PerfMap.EndLeft(_target.Pid);
        return result;
    }

    /// <summary>
    /// The sites as the poker wants them, by address, without those whose module is gone. The table is the target's: a site that is there twice
    /// counts once, and one that lies over another is refused.
    /// </summary>
    internal Site[] ToSites(SessionRemains remains)
    {
        IReadOnlyList<SiteTableEntry> entries = ReadSites();
        _modules!.LookAgain();
        Site[] sites = [.. entries.Select(entry => ToSite(entry, remains, _modules)).OfType<Site>().DistinctBy(site => site.Address).OrderBy(site => site.Address)];
        for (int i = 1; i < sites.Length; i++)
            if (sites[i].Address - sites[i - 1].Address < sites[i - 1].Original.Size) (sites[i].State, sites[i].Refusal) = (SiteState.Changing, "lies over another site");
        return sites;
    }

    /// <summary>The sites of these that do not hold their original bytes; where a module is gone there is nothing to hold.</summary>
    /// <param name="sites">Sites of this session, which may have ended since they were read.</param>
    public IReadOnlyList<SiteTableEntry> FindUnrestored(IReadOnlyList<SiteTableEntry> sites)
    {
        SiteModules modules = _modules ??= new SiteModules(_target, _header);
        modules.LookAgain();
        return [.. sites.Where(site => Read(site) is { } found && found != site.Original && !HasVanished(site, found) && (modules.IsThere(site) || IsCopied(found, site)))];
    }

    /// <summary>Whether its code was freed, and other code is there.</summary>
    bool HasVanished(SiteTableEntry site, PatchBytes found) => site.MayVanish && found.Head != PatchBytes.Int3 && !LeadsInto(site.Address, found, Remains);

    PatchBytes? Read(SiteTableEntry site)
    {
        Span<byte> live = stackalloc byte[site.Original.Size];
        return _target.ReadMemory(site.Address, live) == live.Length ? PatchBytes.From(live, live.Length) : null;
    }

    /// <summary>
    /// The site as the poker wants it: what it holds is read, since its tracer may have died in the middle. Null when
    /// its module is gone, whatever lies there now; refused when it holds bytes that are neither the original nor ours.
    /// </summary>
    Site? ToSite(SiteTableEntry entry, SessionRemains remains, SiteModules modules)
    {
        // Of code that may be freed: other code may be at its address by now, with sites of its own.
        if (entry is { MayVanish: true, State: SiteState.Original }) return null;
        if (Read(entry) is not { } found) return null;
        if (!modules.IsThere(entry) && !IsCopied(found, entry)) return null;
        var plan = new SitePlan(
            default, entry.Class == SiteClass.Breakpoint ? SitePlan.BreakpointLength : entry.Length, entry.Kind, entry.Class, default, entry.CodeLength == 1 ? 0 : 1, entry.CodeLength,
            null, false, false);
        var region = new byte[Math.Max(plan.Length, entry.Original.Size)];
        entry.Original.CopyTo(region);
        var site = new Site(entry.Site, default, entry.Function, plan, entry.Address, region)
        {
            Stub = new Stub(entry.Stub, entry.Displaced, []),
            Installed = found,
            MayVanish = entry.MayVanish,
            IsTransient = entry.IsTransient,
        };
        if (site.IsBreakpoint && entry.State == SiteState.Original && found != entry.Original) return null; // one byte tells little
        bool ours = found.Head == PatchBytes.Int3 ? IsBetween(found, entry) : LeadsInto(entry.Address, found, remains);
        if (found == entry.Original) site.State = SiteState.Original;
        else if (ours) site.State = SiteState.Armed;
        else if (entry.MayVanish && found.Head != PatchBytes.Int3) return null;
        else (site.State, site.Refusal) = (SiteState.Changing, $"holds {found}, which is neither {entry.Original} nor a jump of ours");
        return site;
    }

    /// <summary>
    /// Whether other memory holds the very bytes that were put into the module: a copy of its text that the program has made. What is ours by its
    /// looks alone counts only where the module is.
    /// </summary>
    static bool IsCopied(PatchBytes found, SiteTableEntry entry) =>
        found == entry.Installed || (found.Head == PatchBytes.Int3 && (found.Value >> 8 == entry.Original.Value >> 8 || found.Value >> 8 == entry.Installed.Value >> 8));

    /// <summary>A jump to a stub, of whichever form: a tracer that died while it changed one left the older.</summary>
    static bool LeadsInto(TargetAddress site, PatchBytes found, SessionRemains remains)
    {
        if (found.JumpsFrom(site) is not { } target) return false;
        return remains.Arenas.Any(arena => target >= arena.Start && target < arena.Start + arena.Size);
    }

    /// <summary>A state that a window passes through: an int3, and a tail that is an old or a new one.</summary>
    static bool IsBetween(PatchBytes found, SiteTableEntry entry)
    {
        ulong tail = found.Value >> 8;
        bool anyTail = entry.State == SiteState.Changing; // a modified site's older jump is not recorded
        return tail == entry.Original.Value >> 8 || tail == entry.Installed.Value >> 8 || anyTail;
    }
}
