using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Calltap.Code;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.Fuzz.Targets;

/// <summary>
/// A session's header and site table as status and detach find them in a process: an input is the header's page and the table. The process
/// is this one, which only is read.
/// </summary>
sealed class SessionTarget : IFuzzTarget
{
    const int TableSites = 64;
    const int PlaceAnywhere = LeftSession.HeaderSize - 1; // a byte that nobody reads: the table's address is the input's, not the true one

    static readonly int[] s_fields =
    [
        SessionHeader.Magic, SessionHeader.Address, SessionHeader.Size, SessionHeader.TracerPid, SessionHeader.SiteTable, SessionHeader.SiteTableSize, SessionHeader.SiteCount,
        SessionHeader.ThreadTable, SessionHeader.ArenaCount, SessionHeader.Arenas, SessionHeader.Arenas + 8, SessionHeader.WindowTable, SessionHeader.TrapTotals, SessionHeader.Ops,
        SessionHeader.Ops + 4, SessionHeader.Ops + 8, PlaceAnywhere,
    ];

    readonly TargetProcess _self = TargetProcess.Open(new Pid(Environment.ProcessId));
    readonly byte[] _table = GC.AllocateArray<byte>(TableSites * SiteTableEntry.Size, pinned: true);

    public string Name => "session";

    public int MaxInput => LeftSession.HeaderSize + TableSites * SiteTableEntry.Size;

    public InputLimits Limits => new(TimeSpan.FromSeconds(8), 1L << 30);

    ulong TableAddress => (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(_table, 0);

    public IReadOnlyList<byte[]> MakeSeeds() => [Seed(3), Seed(30)];

    public byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        byte[] changed = [.. input];
        for (int count = random.Next(1, 6); count > 0; count--)
        {
            int site = LeftSession.HeaderSize + SiteTableEntry.Size * random.Next(TableSites);
            if (random.Next(2) == 0) Mutator.WriteNumber(changed, s_fields[random.Next(s_fields.Length)], 1 << random.Next(4), random);
            else Mutator.WriteNumber(changed, site + random.Next(SiteTableEntry.Size), 1 << random.Next(4), random);
        }
        return changed;
    }

    public byte[] Repair(byte[] input) => input;

    public void Execute(byte[] input)
    {
        byte[] header = new byte[LeftSession.HeaderSize];
        input.AsSpan(0, Math.Min(input.Length, header.Length)).CopyTo(header);
        _table.AsSpan().Clear();
        if (input.Length > header.Length) input.AsSpan(header.Length, Math.Min(input.Length - header.Length, _table.Length)).CopyTo(_table);
        if (header[PlaceAnywhere] % 16 != 1) PlaceTable(header);
        PlaceSites();
        var session = new LeftSession(_self, header);
        _ = (session.Traps, session.IsDetached, session.TracerIsAlive, session.LastWindow, session.Remains.Arenas.Count);
        IReadOnlyList<string> ops = session.Ops;
        if (ops.Any(name => name.Any(char.IsControl))) throw new InvalidOperationException("an op's name could write to the terminal");
        for (int i = 0; i < ops.Count; i++) _ = session.KindOf(i);
        ulong free = 0;
        foreach (Site site in session.ToSites(session.Remains))
        {
            if (site is not { State: not SiteState.Original, Refusal: null }) continue;
            if (site.Address.Value < free) throw new InvalidOperationException($"two sites at {site.Address} would be written over each other");
            free = site.Address.Value + PatchBytes.Length;
            _ = Poke.MakeNop(site);
        }
    }

    /// <summary>The table is the input's. What lies behind it here is ours, and long: only a few inputs go there.</summary>
    void PlaceTable(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header[SessionHeader.SiteTable..], TableAddress);
        Span<byte> size = header.Slice(SessionHeader.SiteTableSize, sizeof(long)), count = header.Slice(SessionHeader.SiteCount, sizeof(int));
        if (BinaryPrimitives.ReadInt32LittleEndian(count) > TableSites && BinaryPrimitives.ReadInt64LittleEndian(size) > _table.Length)
            BinaryPrimitives.WriteInt64LittleEndian(size, _table.Length);
    }

    /// <summary>An address below the table's length is a place in the table: its second half serves as text.</summary>
    void PlaceSites()
    {
        for (int at = 0; at < _table.Length; at += SiteTableEntry.Size)
        {
            Span<byte> address = _table.AsSpan(at, sizeof(ulong));
            ulong place = BinaryPrimitives.ReadUInt64LittleEndian(address);
            if (place > 0 && place < (ulong)_table.Length) BinaryPrimitives.WriteUInt64LittleEndian(address, TableAddress + place);
        }
    }

    /// <summary>Sites of a tracer that died in a window: each has a breakpoint in front of its old tail.</summary>
    static byte[] Seed(int sites)
    {
        var input = new byte[LeftSession.HeaderSize + TableSites * SiteTableEntry.Size];
        BinaryPrimitives.WriteUInt64LittleEndian(input, SessionHeader.MagicValue);
        BinaryPrimitives.WriteInt32LittleEndian(input.AsSpan(SessionHeader.TracerPid), 4242);
        BinaryPrimitives.WriteInt64LittleEndian(input.AsSpan(SessionHeader.SiteTableSize), SiteTableEntry.Size * TableSites);
        BinaryPrimitives.WriteInt32LittleEndian(input.AsSpan(SessionHeader.SiteCount), sites);
        BinaryPrimitives.WriteInt32LittleEndian(input.AsSpan(SessionHeader.ArenaCount), 2);
        "graph:f*"u8.CopyTo(input.AsSpan(SessionHeader.Ops + 8));
        input[SessionHeader.Ops + 4] = 1;
        for (int i = 1; i < sites; i++)
        {
            int text = SiteTableEntry.Size * TableSites / 2 + 16 * i;
            ((ReadOnlySpan<byte>)[0xcc, 0x48, 0x89, 0xe5, 0x90]).CopyTo(input.AsSpan(LeftSession.HeaderSize + text));
            new SiteTableEntry(
                new TargetAddress((ulong)text), new TargetAddress(0x500000), new TargetAddress(0x500010), PatchBytes.From([0x55, 0x48, 0x89, 0xe5, 0x90]),
                PatchBytes.From([0xe9, 1, 2, 3, 4]), 5, 4, SiteKind.Entry, default, SiteState.Armed, 1, new TargetAddress(0x500100), new FunctionId(i), new SiteId((uint)i), 0)
                .Write(input.AsSpan(LeftSession.HeaderSize + SiteTableEntry.Size * i));
        }
        return input;
    }
}
