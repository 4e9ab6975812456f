using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>The thread table in the target, as the drain needs it: slots of dead threads are given free.</summary>
sealed class ThreadSlots(TargetProcess target, TargetTextWriter writer, TargetAddress table)
{
    /// <summary>
    /// Marks the slot of a thread that has ended, so that nobody takes it for a live thread's when the tid comes
    /// round again. A thread that is claiming the slot at this moment claims it once more: no harm.
    /// </summary>
    public void Retire(Tid tid, ulong threadPointer)
    {
        Span<byte> slot = stackalloc byte[ThreadSlotLayout.SlotSize];
        int index = ThreadSlotLayout.SlotOf(threadPointer);
        for (int probe = 0; probe < ThreadSlotLayout.ProbeLimit; probe++)
        {
            TargetAddress at = table + (ThreadSlotLayout.SlotsOffset + (long)ThreadSlotLayout.SlotSize * index);
            if (target.ReadMemory(at, slot) != slot.Length) return;
            ulong key = BinaryPrimitives.ReadUInt64LittleEndian(slot[ThreadSlotLayout.Key..]);
            if (key == 0) return;
            if (key == threadPointer)
            {
                if (BinaryPrimitives.ReadInt32LittleEndian(slot[ThreadSlotLayout.Tid..]) != tid.Value) return;
                Span<byte> dead = stackalloc byte[sizeof(int)];
                BinaryPrimitives.WriteInt32LittleEndian(dead, ThreadSlotLayout.TidOfDead);
                writer.Place(at + ThreadSlotLayout.Tid, dead);
                return;
            }
            index = (index + 1) & (ThreadSlotLayout.SlotCount - 1);
        }
    }
}
