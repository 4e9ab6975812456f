using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// The thread table in the target, as the drain needs it: slots of dead threads are given free. The session closes it
/// before the table is unmapped: whatever the target maps there next is none of ours to write.
/// </summary>
sealed class ThreadSlots(TargetProcess target, TargetTextWriter writer, TargetAddress table)
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
        lock (_lock) return !_closed && Mark(ThreadSlotLayout.KeyOf(tid));
    }

    bool Mark(uint key)
    {
        Span<byte> found = stackalloc byte[sizeof(uint)];
        int index = ThreadSlotLayout.SlotOf(key);
        for (int probe = 0; probe < ThreadSlotLayout.ProbeLimit; probe++, index = (index + 1) & (ThreadSlotLayout.SlotCount - 1))
        {
            TargetAddress at = table + (ThreadSlotLayout.SlotsOffset + (long)ThreadSlotLayout.SlotSize * index + ThreadSlotLayout.Key);
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
