using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>Where in the target a <see cref="RestoreFrame"/> may lie.</summary>
static class FrameRoom
{
    const int AnyRoom = 64 << 10;

    // The kernel maps 128 KiB below a program's first stack pointer (stack_expand in setup_arg_pages, fs/exec.c), of which Go uses 64 for its first
    // thread's own stack (rt0_go, runtime/asm_amd64.s), and nothing else: no C runs there.
    const int FirstStack = 128 << 10, SpareSize = 16 << 10, Spares = 3;

    /// <summary>Whether the frame lies where a signal frame would be safe as well: on the main stack, above a guard, or with plenty of room below.</summary>
    /// <param name="mappings">The target's.</param>
    /// <param name="low">The frame's address.</param>
    /// <param name="high">The thread's rsp.</param>
    public static bool IsSafe(IReadOnlyList<MemoryMapping> mappings, TargetAddress low, TargetAddress high)
    {
        MemoryMapping? below = null;
        foreach (MemoryMapping mapping in mappings)
        {
            if (mapping.Contains(high + -1))
                return (mapping.Permissions & MappingPermissions.Write) != 0
                    && (mapping.Path == "[stack]" || low >= mapping.Start)
                    && (mapping.Path == "[stack]" || IsGuard(below, mapping) || low - mapping.Start >= AnyRoom);
            below = mapping;
        }

        return false;
    }

    /// <summary>
    /// Whether a stack lies where Go's runtime asks for its heap (arenaHints in mallocinit, runtime/malloc.go): from 0xc0 &lt;&lt; 32 upwards, or from there in one
    /// of the next terabytes. A goroutine's stack there has no guard, and other objects right below it.
    /// </summary>
    public static bool IsGoHeap(TargetAddress stack) => (stack.Value >> 32 & 0xff) >= 0xc0 && stack.Value >> 40 < 0x40;

    /// <summary>
    /// The end of <see cref="SpareSize"/> bytes that nothing in a program of Go alone uses, for a thread that runs on a goroutine's stack; null when there are none. They are
    /// zero: what a tracer that was killed has placed there may be needed still, so who has used them clears them (<see cref="Clear"/>).
    /// </summary>
    public static TargetAddress? Spare(TargetProcess target, IReadOnlyList<MemoryMapping> mappings)
    {
        if (!target.IsGoAlone || mappings.FirstOrDefault(mapping => mapping.Path == "[stack]") is not { } stack || stack.Size.Value < FirstStack)
            return null;
        byte[] found = new byte[SpareSize];
        for (TargetAddress spare = stack.Start; spare < stack.Start + Spares * SpareSize; spare += SpareSize)
            if (target.ReadMemory(spare, found) == found.Length && !found.AsSpan().ContainsAnyExcept((byte)0))
                return spare + SpareSize;
        return null;
    }

    /// <summary>Whether the frame fits below the end of spare memory.</summary>
    public static bool FitsSpare(RestoreFrame frame) => frame.Bytes.Length <= SpareSize;

    /// <summary>Gives spare memory back: the thread has left the frame, or never came to it.</summary>
    public static void Clear(TargetTextWriter writer, RestoreFrame frame) => writer.Place(frame.Address, new byte[frame.Bytes.Length]);

    static bool IsGuard(MemoryMapping? below, MemoryMapping stack) =>
        below is not null && below.End == stack.Start && (below.Permissions & ~MappingPermissions.Shared) == MappingPermissions.None;
}
