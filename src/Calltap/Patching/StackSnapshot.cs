using System.Runtime.InteropServices;

namespace Calltap.Patching;

/// <summary>Looks at a stack as it was at one moment, as <see cref="StackScan"/> does at one that stands still.</summary>
sealed class StackSnapshot(StackScan stacks)
{
    /// <summary>Tells of each word within bounds.</summary>
    /// <returns>False when the snapshot does not reach to the end of the stack, or a saved context leads to another.</returns>
    public bool Scan(ulong stackPointer, ReadOnlySpan<byte> snapshot, IStackWords words)
    {
        ulong end = stacks.EndOf(stackPointer);
        if (end == ulong.MaxValue || end - stackPointer > (ulong)snapshot.Length) return false;
        (TargetAddress low, TargetAddress high) = words.Bounds;
        int skipped = (int)(-(long)stackPointer & (sizeof(ulong) - 1)); // words are looked for where they are aligned
        ReadOnlySpan<ulong> all = MemoryMarshal.Cast<byte, ulong>(snapshot[skipped..(int)(end - stackPointer)]);
        bool whole = true;
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i] >= low.Value && all[i] < high.Value) words.Found(all[i]);
            if (all[i] != StackScan.SavedSelectors || i < StackScan.SelectorsBehindStackPointer) continue;
            ulong saved = all[i - StackScan.SelectorsBehindStackPointer];
            whole &= saved >= stackPointer && saved < end;
        }
        return whole;
    }
}
