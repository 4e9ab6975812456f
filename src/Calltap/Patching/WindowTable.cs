using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// The tracer's side of the window table in the target (<see cref="WindowTableLayout"/>): what the trap handler and the
/// helper need to end a window by themselves, when this process dies in it.
/// </summary>
/// <remarks>
/// <code>
/// Fill -> Install -> BeginHeads (pass 1) -> BeginTails (pass 2) -> End (drained) -> Uninstall
/// </code>
/// A state is written before the first byte of text that it speaks of (docs/patching-protocol.md, I17).
/// </remarks>
sealed class WindowTable(TargetProcess target, TargetTextWriter writer, TargetAddress table)
{
    const ulong SA_RESTART = 0x1000_0000;

    readonly byte[] _answered = new byte[2 * sizeof(long)];
    TargetAddress[] _entries = [];
    TargetAddress _half;
    byte[] _action = [];
    (long Answered, long Late) _before;
    bool _stays;

    /// <summary>
    /// What would restore the sites of an earlier tracer's batches: a late trap of one is no foreign one, and where a breakpoint of its
    /// still stands it is answered.
    /// </summary>
    public IReadOnlyCollection<Poke> Former { get; init; } = [];

    /// <summary>Writes the header of a table that nobody uses yet.</summary>
    /// <param name="maxSites">Room in each half.</param>
    public void Format(int maxSites)
    {
        Span<byte> header = stackalloc byte[WindowTableLayout.Entries];
        header.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(header[WindowTableLayout.HalfSize..], WindowTableLayout.HalfSizeFor(maxSites));
        writer.Place(table, header);
    }

    /// <summary>No code in the target looks at the table any more: it may be unmapped.</summary>
    public void Leave(TargetAddress codeArea) => Point(codeArea, default);

    void Point(TargetAddress codeArea, TargetAddress to)
    {
        Span<byte> pointer = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(pointer, to.Value);
        writer.Place(DataOf(codeArea) + TrapHandlerEmitter.TablePointer, pointer);
    }

    /// <summary>Writes a batch into the half that is not in use, and makes it the one that is.</summary>
    /// <param name="pokes">By address: the batch, and the breakpoints that stay.</param>
    /// <param name="mappings">Where they are.</param>
    public void Fill(IReadOnlyList<Poke> pokes, PlannedMappings mappings)
    {
        IReadOnlyList<Poke> all = Former.Count == 0
            ? pokes
            : [.. pokes.Concat(Former).DistinctBy(poke => poke.Site.Address).OrderBy(poke => poke.Site.Address)];
        _entries = [.. all.Select(poke => poke.Site.Address)];
        Span<byte> header = stackalloc byte[WindowTableLayout.Entries];
        if (target.ReadMemory(table, header) != header.Length) throw AttachChecks.Ended(target.Pid);
        long halfSize = BinaryPrimitives.ReadInt64LittleEndian(header[WindowTableLayout.HalfSize..]);
        if (WindowTableLayout.HalfSizeFor(_entries.Length) > halfSize) // of a session that was left: the target may have written over it
            throw AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}): the window table of its session has no room for its {_entries.Length} sites");
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(number, unchecked(BinaryPrimitives.ReadInt32LittleEndian(header[WindowTableLayout.Fillings..]) + 1));
        writer.Place(table + WindowTableLayout.Fillings, number);
        byte half = (byte)(1 - (header[WindowTableLayout.Current] & 1));
        var bytes = new byte[WindowTableLayout.HalfSizeFor(_entries.Length)];
        for (int i = 0; i < _entries.Length; i++)
            Write(bytes.AsSpan(WindowTableLayout.EntrySize * i, WindowTableLayout.EntrySize), all[i], mappings.Find(all[i].Site.Address));
        _half = table + (WindowTableLayout.Entries + half * halfSize);
        writer.Place(_half, bytes);
        BinaryPrimitives.WriteInt32LittleEndian(number, _entries.Length);
        writer.Place(table + (WindowTableLayout.Counts + sizeof(int) * half), number);
        writer.Place(table + WindowTableLayout.Current, [half]); // one byte: whoever reads it sees the old or the new half, each whole
    }

    void Write(Span<byte> entry, Poke poke, MemoryMapping? mapping)
    {
        Span<byte> old = stackalloc byte[PatchBytes.MaxLength], to = stackalloc byte[PatchBytes.MaxLength];
        poke.Site.Installed.CopyTo(old);
        poke.To.CopyTo(to);
        WindowTableLayout.Write(entry, poke.Site.Address, poke.Becoming, old[..poke.To.Size], to[..poke.To.Size],
            mapping is not null && target.CodeFileOf(mapping) is { } file ? (file.Descriptor, mapping.OffsetAt(poke.Site.Address).Value) : null, poke.Site.IsTransient);
    }

    /// <summary>Puts the trap handler in the place of the program's own action, which it passes foreign traps on to.</summary>
    public void Install(ICoreSync sync)
    {
        Point(sync.CodeArea, table);
        Adopt(sync.ReadTrapAction(), sync);
        if (!_stays) _before = ReadCounts();
        _stays = false;
    }

    /// <summary>The handler stays when this window closes: breakpoints do.</summary>
    public void Stay() => _stays = true;

    /// <summary>Once more: the kernel has reset the action, ours or one that the program has set since.</summary>
    public void InstallAgain(ICoreSync sync) => Adopt(sync.ReadTrapAction(), sync);

    /// <summary>Replaces an action by ours, and keeps it; another that the program sets between two steps of this is taken instead.</summary>
    void Adopt(byte[] now, ICoreSync sync)
    {
        while (true)
        {
            bool own = !IsOurs(now, sync); // else it is kept already: by us, or by a tracer that died
            if (own) writer.Place(DataOf(sync.CodeArea) + TrapHandlerEmitter.Action, now);
            if (own || _action.Length == 0) _action = HandlerAction(sync.CodeArea, own ? RestartOf(now) : SA_RESTART);
            byte[] former = sync.ExchangeTrapAction(_action);
            if (IsOurs(former, sync) || former.AsSpan().SequenceEqual(now)) return;
            now = former;
        }
    }

    /// <summary>A call that the program's own handler interrupts fails or goes on as before; its default action and ignoring it interrupt none.</summary>
    static ulong RestartOf(byte[] action)
    {
        bool handles = HandlerOf(action) > 1;
        return handles ? BinaryPrimitives.ReadUInt64LittleEndian(action.AsSpan(8)) & SA_RESTART : SA_RESTART;
    }

    /// <summary>
    /// Puts the program's own action back; not where the program has set another meanwhile. The kernel resets the action to SIG_DFL when it
    /// delivers a breakpoint's SIGTRAP to a thread that blocks it (force_sig_info_to_task): that is mended too. Where a window is not closed, an
    /// earlier tracer's perhaps, breakpoints may stand: the handler stays. Each exchange is one step: what the program sets between two of them wins.
    /// </summary>
    public void Uninstall(ICoreSync sync)
    {
        if (IsOpen(target, table)) return;
        byte[] now = sync.ReadTrapAction();
        if (!IsOurs(now, sync)) return;
        var own = new byte[TrapHandlerEmitter.ActionSize];
        if (target.ReadMemory(DataOf(sync.CodeArea) + TrapHandlerEmitter.Action, own) != own.Length) throw AttachChecks.Ended(target.Pid);
        while (true)
        {
            byte[] former = sync.ExchangeTrapAction(own);
            if (IsOurs(former, sync) || former.AsSpan().SequenceEqual(now)) return;
            (now, own) = (own, former);
        }
    }

    /// <summary>Whether the program has a handler of its own for SIGTRAP, in whose place ours stands.</summary>
    public bool ProgramHandlesTraps(ICoreSync sync)
    {
        var own = new byte[TrapHandlerEmitter.ActionSize];
        return target.ReadMemory(DataOf(sync.CodeArea) + TrapHandlerEmitter.Action, own) != own.Length || HandlerOf(own) > 1;
    }

    /// <summary>The handler, or what the kernel makes of its action when it resets it: the default, with all else as we set it.</summary>
    static bool IsOurs(byte[] action, ICoreSync sync) => IsHandler(action, sync)
        || (BinaryPrimitives.ReadUInt64LittleEndian(action) == 0
            && BinaryPrimitives.ReadUInt64LittleEndian(action.AsSpan(16)) == (sync.CodeArea + HelperCode.RestorerOffset).Value);

    /// <summary>From here on heads may be breakpoints.</summary>
    public void BeginHeads() => SetState(WindowTableLayout.HeadsOnly);

    /// <summary>From here on tails change, but for those of deferred sites.</summary>
    public void BeginTails(IEnumerable<Site> deferred)
    {
        foreach (Site site in deferred)
        {
            int index = Array.BinarySearch(_entries, site.Address);
            if (index >= 0) writer.Place(_half + (WindowTableLayout.EntrySize * index + WindowTableLayout.Deferred), [1]);
        }
        SetState(WindowTableLayout.Tails);
    }

    /// <summary>No breakpoint stands.</summary>
    public void End() => SetState(WindowTableLayout.Closed);

    /// <summary>Traps that the handler has answered since it was installed, or since this was asked.</summary>
    public void AddTo(ref TrapCounts counts)
    {
        (long answered, long late) = ReadCounts();
        counts.AnsweredInTarget += answered - _before.Answered;
        counts.Late += late - _before.Late;
        _before = (answered, late);
    }

    (long Answered, long Late) ReadCounts() => target.ReadMemory(table + WindowTableLayout.Answered, _answered) == _answered.Length
        ? (BinaryPrimitives.ReadInt64LittleEndian(_answered), BinaryPrimitives.ReadInt64LittleEndian(_answered.AsSpan(sizeof(long))))
        : _before;

    /// <summary>Whether a table's window is open: its tracer is at work, or has died and nobody could end it.</summary>
    public static bool IsOpen(TargetProcess target, TargetAddress table)
    {
        Span<byte> state = stackalloc byte[1];
        return target.ReadMemory(table + WindowTableLayout.State, state) == state.Length && state[0] != WindowTableLayout.Closed;
    }

    /// <summary>Whether a table's breakpoints stay when no window is open.</summary>
    public static bool IsStanding(TargetProcess target, TargetAddress table)
    {
        Span<byte> standing = stackalloc byte[1];
        return target.ReadMemory(table + WindowTableLayout.Standing, standing) == standing.Length && standing[0] != 0;
    }

    /// <summary>Before the first breakpoint that stays, and when none does any more.</summary>
    public void SetStanding(bool standing) => writer.Place(table + WindowTableLayout.Standing, [(byte)(standing ? 1 : 0)]);

    /// <summary>Where the state is.</summary>
    public TargetAddress StateAt => table + WindowTableLayout.State;

    void SetState(byte state) => writer.Place(StateAt, [state]);

    static TargetAddress DataOf(TargetAddress codeArea) => codeArea + HelperCode.HandlerData;

    /// <summary>0 for SIG_DFL, 1 for SIG_IGN.</summary>
    static ulong HandlerOf(byte[] action) => BinaryPrimitives.ReadUInt64LittleEndian(action);

    static bool IsHandler(byte[] action, ICoreSync sync) => HandlerOf(action) == (sync.CodeArea + HelperCode.HandlerOffset).Value;

    static byte[] HandlerAction(TargetAddress codeArea, ulong restart)
    {
        const ulong SA_SIGINFO = 4, SA_RESTORER = 0x0400_0000, SA_ONSTACK = 0x0800_0000;
        var action = new byte[TrapHandlerEmitter.ActionSize];
        BinaryPrimitives.WriteUInt64LittleEndian(action, (codeArea + HelperCode.HandlerOffset).Value);
        BinaryPrimitives.WriteUInt64LittleEndian(action.AsSpan(8), SA_SIGINFO | SA_RESTORER | SA_ONSTACK | restart);
        BinaryPrimitives.WriteUInt64LittleEndian(action.AsSpan(16), (codeArea + HelperCode.RestorerOffset).Value);
        // No other handler in between: it would run with SIGTRAP blocked, and might meet a breakpoint.
        BinaryPrimitives.WriteUInt64LittleEndian(action.AsSpan(24), Signals.All);
        return action;
    }
}
