namespace Calltap.Code;

/// <summary>
/// Does what an instruction hidden by an int3 would have done, on a copy of the registers. Pure: the caller performs the store and
/// sets the registers. <see cref="RegisterBlock.Rip"/> on entry does not matter; the instruction knows its own addresses.
/// </summary>
public static class Emulator
{
    private const int WordSize = 8;
    private const ulong Carry = 1 << 0;
    private const ulong Parity = 1 << 2;
    private const ulong Zero = 1 << 6;
    private const ulong Sign = 1 << 7;
    private const ulong Overflow = 1 << 11;

    /// <summary>Emulates <paramref name="instruction"/>.</summary>
    /// <param name="registers">The thread's registers.</param>
    /// <param name="instruction">What the site is becoming.</param>
    /// <param name="stackTop">The 8 bytes at [rsp]; used by a return only.</param>
    /// <param name="store">For a call the store to perform before the thread goes on; otherwise null.</param>
    /// <returns>The registers to go on with.</returns>
    public static RegisterBlock Apply(in RegisterBlock registers, EmulatedInstruction instruction, ulong stackTop, out StackStore? store)
    {
        store = null;
        switch (instruction.Kind)
        {
            case EmulatedKind.Jump:
                return registers with { Rip = instruction.Target };
            case EmulatedKind.ConditionalJump:
                return registers with { Rip = Holds(instruction.Condition, registers.Rflags) ? instruction.Target : instruction.Next };
            case EmulatedKind.Call:
                TargetAddress top = registers.Rsp + -WordSize;
                store = new(top, instruction.Next.Value);
                return registers with { Rip = instruction.Target, Rsp = top };
            case EmulatedKind.Nop:
                return registers with { Rip = instruction.Next };
            case EmulatedKind.Return:
                return registers with { Rip = new(stackTop), Rsp = registers.Rsp + (WordSize + instruction.PopBytes) };
            default:
                throw new ArgumentOutOfRangeException(nameof(instruction), instruction.Kind, null);
        }
    }

    /// <summary>Whether a condition, encoded 0 to 15, holds for <paramref name="flags"/> (SDM volume 1, appendix B).</summary>
    public static bool Holds(byte condition, ulong flags)
    {
        bool less = (flags & Sign) != 0 != ((flags & Overflow) != 0);
        bool even = (condition >> 1 & 7) switch
        {
            0 => (flags & Overflow) != 0,
            1 => (flags & Carry) != 0,
            2 => (flags & Zero) != 0,
            3 => (flags & (Carry | Zero)) != 0,
            4 => (flags & Sign) != 0,
            5 => (flags & Parity) != 0,
            6 => less,
            _ => less || (flags & Zero) != 0,
        };
        // The lowest bit negates.
        return even != ((condition & 1) != 0);
    }
}
