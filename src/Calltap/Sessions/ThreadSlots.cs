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
    public void Retire(Tid tid)
    {
        Span<byte> found = stackalloc byte[sizeof(uint)];
        uint key = ThreadSlotLayout.KeyOf(tid);
        int index = ThreadSlotLayout.SlotOf(key);
        for (int probe = 0; probe < ThreadSlotLayout.ProbeLimit; probe++, index = (index + 1) & (ThreadSlotLayout.SlotCount - 1))
        {
            TargetAddress at = table + (ThreadSlotLayout.SlotsOffset + (long)ThreadSlotLayout.SlotSize * index + ThreadSlotLayout.Key);
            if (target.ReadMemory(at, found) != found.Length) return;
            uint holds = BinaryPrimitives.ReadUInt32LittleEndian(found);
            if (holds == 0) return;
            if (holds != key) continue;
            BinaryPrimitives.WriteUInt32LittleEndian(found, ThreadSlotLayout.KeyOfDead);
            writer.Place(at, found);
            return;
        }
    }
}
