using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// The thread table in the target, as the drain needs it: slots of dead threads are given free. The session closes it
/// before the table is unmapped: whatever the target maps there next is none of ours to write.
/// </summary>
sealed class ThreadSlots(TargetProcess target, TargetTextWriter writer, TargetMemory memory)
{
    readonly Lock _lock = new();
    bool _closed;

    /// <summary>No slot is read or written once this has returned.</summary>
    public void Close()
    {
        lock (_lock) _closed = true;
    }

    /// <summary>
    /// Marks the slot of a thread that has ended, so that nobody takes it for a live thread's when the tid comes
    /// round again. A thread that still finds its slot is not disturbed: its next event claims another header.
    /// </summary>
    /// <returns>False when the table is closed, or its memory gone: the slot stands.</returns>
    public bool Retire(Tid tid)
    {
        lock (_lock) return !_closed && (memory.ThreadDescriptors.HasTid ? Mark(ThreadSlotLayout.KeyOf(tid)) : MarkByOwner(tid));
    }

    // Keys are of thread pointers: whose slot it is, its header tells. Threads of Go hardly ever end, so all slots may be read for it.
    bool MarkByOwner(Tid tid)
    {
        var slots = new byte[ThreadSlotLayout.SlotSize * ThreadSlotLayout.SlotCount];
        if (target.ReadMemory(memory.ThreadTable + ThreadSlotLayout.SlotsOffset, slots) != slots.Length) return false;
        bool marked = true;
        for (int at = 0; at < slots.Length; at += ThreadSlotLayout.SlotSize)
        {
            uint key = BinaryPrimitives.ReadUInt32LittleEndian(slots.AsSpan(at + ThreadSlotLayout.Key));
            var header = new TargetAddress(BinaryPrimitives.ReadUInt64LittleEndian(slots.AsSpan(at + ThreadSlotLayout.Header)));
            if (key is not (0 or ThreadSlotLayout.KeyBusy or ThreadSlotLayout.KeyOfDead) && memory.Session.OwnerAt(header) == tid) marked &= Mark(key);
        }
        return marked;
    }

    bool Mark(uint key)
    {
        Span<byte> found = stackalloc byte[sizeof(uint)];
        int index = ThreadSlotLayout.SlotOf(key);
        for (int probe = 0; probe < ThreadSlotLayout.ProbeLimit; probe++, index = (index + 1) & (ThreadSlotLayout.SlotCount - 1))
        {
            TargetAddress at = memory.ThreadTable + (ThreadSlotLayout.SlotsOffset + (long)ThreadSlotLayout.SlotSize * index + ThreadSlotLayout.Key);
            if (target.ReadMemory(at, found) != found.Length) return false;
            uint holds = BinaryPrimitives.ReadUInt32LittleEndian(found);
            if (holds == 0) return true;
            if (holds != key) continue;
            BinaryPrimitives.WriteUInt32LittleEndian(found, ThreadSlotLayout.KeyOfDead);
            return writer.TryPlace(at, found); // a handler in the middle of a claim leaves two slots and two rings: one for each
        }
        return true;
    }
}
