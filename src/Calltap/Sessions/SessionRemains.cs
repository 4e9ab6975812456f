using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>What a session has mapped in a target, by addresses alone.</summary>
/// <param name="Session">The shared session memory.</param>
/// <param name="Tables">Thread table, op lists, site table and window table.</param>
/// <param name="Arenas">The arenas.</param>
sealed record SessionRemains(
    (TargetAddress Start, long Size) Session,
    IReadOnlyList<(TargetAddress Start, long Size)> Tables,
    IReadOnlyList<(TargetAddress Start, long Size)> Arenas)
{
    /// <summary>The thread table.</summary>
    public TargetAddress ThreadTable => Tables[0].Start;

    /// <summary>The window table.</summary>
    public TargetAddress WindowTable => Tables[^1].Start;

    /// <summary>What a session of this process has mapped.</summary>
    public static SessionRemains Of(TargetMemory memory, SessionPlan plan) => new(
        (memory.Session.Address, plan.Layout.TotalSize),
        [
            (memory.ThreadTable, ThreadSlotLayout.TableSize), (memory.OpLists, plan.OpListsSize),
            (memory.SiteTable, plan.SiteTableSize), (memory.WindowTable, plan.WindowTableSize),
        ],
        [.. memory.Arenas.All.Select(a => (a.Start, a.End - a.Start))]);

    /// <summary>What a session header says.</summary>
    public static SessionRemains Read(ReadOnlySpan<byte> header)
    {
        var arenas = new List<(TargetAddress, long)>();
        int count = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(header[SessionHeader.ArenaCount..]), 0, SessionHeader.MaxArenas);
        for (int i = 0; i < count; i++) arenas.Add(Range(header, SessionHeader.Arenas + 16 * i));
        return new SessionRemains(
            Range(header, SessionHeader.Address),
            [Range(header, SessionHeader.ThreadTable), Range(header, SessionHeader.OpLists), Range(header, SessionHeader.SiteTable), Range(header, SessionHeader.WindowTable)],
            arenas);
    }

    /// <summary>
    /// Unmaps it all. What says where the rest is goes first: should this process die meanwhile, nobody unmaps later what has become another's by then.
    /// </summary>
    public void Unmap(HelperCalls calls)
    {
        calls.Unmap(Session.Start, Session.Size);
        foreach ((TargetAddress start, long size) in Arenas.Concat(Tables)) calls.Unmap(start, size);
    }

    static (TargetAddress Start, long Size) Range(ReadOnlySpan<byte> header, int at) => (
        new(BinaryPrimitives.ReadUInt64LittleEndian(header[at..])),
        BinaryPrimitives.ReadInt64LittleEndian(header[(at + 8)..]));
}
