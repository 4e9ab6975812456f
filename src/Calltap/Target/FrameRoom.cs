using System.Globalization;
using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>Where in the target a <see cref="RestoreFrame"/> may lie.</summary>
static class FrameRoom
{
    const int PageSize = 4096;

    // Below the first stack pointer Go's first thread has 64 KiB of the main stack (rt0_go, runtime/asm_amd64.s); what the kernel has mapped below that (stack_expand in
    // setup_arg_pages, fs/exec.c) nothing uses where no C runs.
    const int GoFirstStack = (64 << 10) + PageSize;
    const int StartStackField = 28; // of /proc/PID/stat

    /// <summary>
    /// Whether the frame lies where a signal frame would be safe as well: on the main stack, or on the stack that libc has made for the thread, at whose top its descriptor stands, above a
    /// guard. Any other stack may be small, and anything may lie below: a goroutine's, a coroutine's.
    /// </summary>
    /// <param name="mappings">The target's.</param>
    /// <param name="low">The frame's address.</param>
    /// <param name="high">The thread's rsp.</param>
    /// <param name="pointer">Its thread pointer.</param>
    public static bool IsSafe(IReadOnlyList<MemoryMapping> mappings, TargetAddress low, TargetAddress high, TargetAddress pointer)
    {
        MemoryMapping? below = null;
        foreach (MemoryMapping mapping in mappings)
        {
            if (mapping.Contains(high + -1))
                return (mapping.Permissions & MappingPermissions.Write) != 0
                    && (mapping.Path == "[stack]" || (low >= mapping.Start && pointer >= high && mapping.Contains(pointer) && IsGuard(below, mapping)));
            below = mapping;
        }

        return false;
    }

    /// <summary>Whether it is on the main stack.</summary>
    public static bool IsMainStack(IReadOnlyList<MemoryMapping> mappings, TargetAddress stack) => mappings.Any(mapping => mapping.Path == "[stack]" && mapping.Contains(stack));

    /// <summary>
    /// The end of some bytes that nothing in a program of Go alone uses, for a thread that runs on a goroutine's stack; null when there are none. They are
    /// zero: what a tracer that was killed has placed there may be needed still, so who has used them clears them (<see cref="Clear"/>).
    /// </summary>
    /// <param name="target">A program of Go alone.</param>
    /// <param name="mappings">Its mappings.</param>
    /// <param name="size">How many bytes.</param>
    public static TargetAddress? Spare(TargetProcess target, IReadOnlyList<MemoryMapping> mappings, int size)
    {
        if (mappings.FirstOrDefault(mapping => mapping.Path == "[stack]") is not { } stack || FirstStackPointer(target) is not { } first || !stack.Contains(first))
            return null;
        byte[] found = new byte[(size + PageSize - 1) & -PageSize];
        for (TargetAddress spare = stack.Start; spare + found.Length <= first + -GoFirstStack; spare += PageSize)
            if (target.ReadMemory(spare, found) == found.Length && !found.AsSpan().ContainsAnyExcept((byte)0))
                return spare + found.Length;
        return null;
    }

    /// <summary>Gives spare memory back: the thread has left the frame, or never came to it.</summary>
    public static void Clear(TargetTextWriter writer, RestoreFrame frame) => writer.Place(frame.Address, new byte[frame.Bytes.Length]);

    // Where the arguments' count stands: the kernel keeps it (mm->start_stack).
    static TargetAddress? FirstStackPointer(TargetProcess target)
    {
        string stat = ProcFiles.TryReadText(ProcFiles.Process(target.Pid, "stat")) ?? "";
        string[] behindName = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries); // from field 3 on
        return ulong.TryParse(behindName.ElementAtOrDefault(StartStackField - 3), NumberStyles.None, CultureInfo.InvariantCulture, out ulong first) ? new TargetAddress(first) : null;
    }

    static bool IsGuard(MemoryMapping? below, MemoryMapping stack) =>
        below is not null && below.End == stack.Start && (below.Permissions & ~MappingPermissions.Shared) == MappingPermissions.None;
}
