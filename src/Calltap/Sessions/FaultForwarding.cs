using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// Puts a handler before the program's own for SIGSEGV (<see cref="FaultHandlerEmitter"/>), as long as an arena is mapped in whose code a fault may be the program's business, and tells it
/// of those arenas. What the program sets meanwhile wins.
/// </summary>
sealed class FaultForwarding(TargetProcess target, TargetTextWriter writer)
{
    /// <summary>Sees to it that faults in these arenas reach the program's handler. Before anything leads into them.</summary>
    /// <exception cref="AttachException">The program has no handler, or there are too many arenas.</exception>
    public void Install(HelperCalls calls, TargetAddress codeArea, IEnumerable<TrampolineArena> arenas)
    {
        List<(TargetAddress Start, TargetAddress End)> known = Read(codeArea);
        foreach (TrampolineArena arena in arenas.Where(arena => !known.Contains((arena.Start, arena.End))))
        {
            if (known.Count == FaultHandlerEmitter.MaxArenas) throw Unsupported("too many arenas that earlier sessions have left");
            known.Add((arena.Start, arena.End));
            WriteArena(codeArea, known, known.Count - 1);
            WriteCount(codeArea, known.Count);
        }
        for (byte[] now = calls.ReadSignalAction(Signals.SIGSEGV); !IsOurs(now, codeArea);)
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(now) <= 1) throw Unsupported("it does not handle SIGSEGV");
            writer.Place(DataOf(codeArea) + FaultHandlerEmitter.Action, now);
            byte[] former = calls.ExchangeSignalAction(Signals.SIGSEGV, Ours(now, codeArea));
            if (former.AsSpan().SequenceEqual(now)) return;
            now = former; // the program has set another in between: that is its own
        }
    }

    AttachException Unsupported(string why) =>
        AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}) can't have methods armed whose first instructions may fault: {why}");

    /// <summary>Arenas that go: no thread is in them. With the last the program's own handler is back, unless it has set another.</summary>
    public void Remove(HelperCalls calls, TargetAddress codeArea, IReadOnlyList<(TargetAddress Start, long Size)> arenas)
    {
        List<(TargetAddress Start, TargetAddress End)> known = Read(codeArea);
        int before = known.Count;
        known.RemoveAll(arena => arenas.Any(gone => gone.Start == arena.Start));
        if (known.Count == before) return;
        WriteCount(codeArea, known.Count); // first: who looks at this moment misses one that he is not in, or sees one twice
        for (int i = 0; i < known.Count; i++) WriteArena(codeArea, known, i);
        if (known.Count == 0) Uninstall(calls, codeArea);
    }

    void Uninstall(HelperCalls calls, TargetAddress codeArea)
    {
        byte[] now = calls.ReadSignalAction(Signals.SIGSEGV), own = new byte[TrapHandlerEmitter.ActionSize];
        if (!IsOurs(now, codeArea)) return; // the program's handler goes on to this one, perhaps, which passes everything on
        if (target.ReadMemory(DataOf(codeArea) + FaultHandlerEmitter.Action, own) != own.Length) throw AttachChecks.Ended(target.Pid);
        while (true)
        {
            byte[] former = calls.ExchangeSignalAction(Signals.SIGSEGV, own);
            if (former.AsSpan().SequenceEqual(now)) return;
            (now, own) = (own, former);
        }
    }

    List<(TargetAddress Start, TargetAddress End)> Read(TargetAddress codeArea)
    {
        var data = new byte[FaultHandlerEmitter.DataSize];
        if (target.ReadMemory(DataOf(codeArea), data) != data.Length) throw AttachChecks.Ended(target.Pid);
        int count = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(FaultHandlerEmitter.ArenaCount)), 0, FaultHandlerEmitter.MaxArenas);
        return [.. Enumerable.Range(0, count).Select(i => (At(i, 0), At(i, sizeof(ulong))))];

        TargetAddress At(int arena, int offset) =>
            new(BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(FaultHandlerEmitter.Arenas + FaultHandlerEmitter.ArenaSize * arena + offset)));
    }

    void WriteCount(TargetAddress codeArea, int arenas)
    {
        Span<byte> count = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(count, arenas);
        writer.Place(DataOf(codeArea) + FaultHandlerEmitter.ArenaCount, count);
    }

    void WriteArena(TargetAddress codeArea, List<(TargetAddress Start, TargetAddress End)> arenas, int index)
    {
        Span<byte> arena = stackalloc byte[FaultHandlerEmitter.ArenaSize];
        BinaryPrimitives.WriteUInt64LittleEndian(arena, arenas[index].Start.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(arena[sizeof(ulong)..], arenas[index].End.Value);
        writer.Place(DataOf(codeArea) + (FaultHandlerEmitter.Arenas + FaultHandlerEmitter.ArenaSize * index), arena);
    }

    static TargetAddress DataOf(TargetAddress codeArea) => codeArea + HelperCode.FaultData;

    static bool IsOurs(byte[] action, TargetAddress codeArea) => BinaryPrimitives.ReadUInt64LittleEndian(action) == (codeArea + HelperCode.FaultHandlerOffset).Value;

    /// <summary>With the program's own flags, mask and return: the kernel does all the rest as for its handler.</summary>
    static byte[] Ours(byte[] action, TargetAddress codeArea)
    {
        byte[] ours = [.. action];
        BinaryPrimitives.WriteUInt64LittleEndian(ours, (codeArea + HelperCode.FaultHandlerOffset).Value);
        return ours;
    }
}
