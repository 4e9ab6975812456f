using System.Buffers.Binary;
using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code;

/// <summary>Writes displaced instructions one behind the other.</summary>
internal ref struct DisplacedWriter(Span<byte> destination, TargetAddress from, TargetAddress to, int regionLength)
{
    private const byte JumpNear = 0xE9;
    private const byte TwoByteOpcode = 0x0F;
    private const byte ConditionalJumpNear = 0x80;
    private const byte ModRmRegMask = 0x38;
    private const byte ModRmJump = 0x20; // FF /4
    private const byte GroupFive = 0xFF;

    // lea rsp,[rsp-8]; mov dword [rsp],imm32; mov dword [rsp+4],imm32: a 64-bit push without a register and without touching flags.
    private static ReadOnlySpan<byte> MakeRoom => [0x48, 0x8D, 0x64, 0x24, 0xF8];

    private static ReadOnlySpan<byte> StoreLow => [0xC7, 0x04, 0x24];

    private static ReadOnlySpan<byte> StoreHigh => [0xC7, 0x44, 0x24, 0x04];

    private readonly Span<byte> _destination = destination;

    /// <summary>How many bytes have been written.</summary>
    internal int Length { get; private set; }

    private readonly TargetAddress Here => to + Length;

    /// <summary>Writes one instruction.</summary>
    /// <returns><see cref="RefusalReason.None"/>, or why it cannot be displaced; what was written then is void.</returns>
    internal RefusalReason Write(in Instruction instruction, InstructionKind kind, scoped ReadOnlySpan<byte> bytes, ConstantOffsets offsets)
    {
        switch (kind)
        {
            case InstructionKind.Invalid:
                return RefusalReason.Undecodable;
            case InstructionKind.CountedJump:
                return RefusalReason.CountedJump;
            case InstructionKind.System or InstructionKind.Trap or InstructionKind.Breakpoint:
                return RefusalReason.SystemInstruction;
            case InstructionKind.FarTransfer:
                return RefusalReason.FarTransfer;
            case InstructionKind.Jump:
                return Branch([JumpNear], new(instruction.NearBranchTarget));
            case InstructionKind.ConditionalJump:
                return Branch([TwoByteOpcode, (byte)(ConditionalJumpNear | Conditions.NibbleOf(instruction))], new(instruction.NearBranchTarget));
            case InstructionKind.Call:
                RefusalReason pushed = Push(new(instruction.NextIP));
                return pushed == RefusalReason.None ? Branch([JumpNear], new(instruction.NearBranchTarget)) : pushed;
            case InstructionKind.IndirectCall:
                return IndirectCall(instruction, bytes, offsets);
            case InstructionKind.TransactionBegin:
                return TransactionBegin(instruction, bytes, offsets);
            default:
                return Copy(instruction, bytes, offsets);
        }
    }

    private RefusalReason Copy(in Instruction instruction, scoped ReadOnlySpan<byte> bytes, ConstantOffsets offsets)
    {
        if (!bytes.TryCopyTo(_destination[Length..]))
            return RefusalReason.NoRoom;
        if (instruction.IsIPRelativeMemoryOperand)
        {
            if (instruction.MemoryBase == Register.EIP)
                return RefusalReason.AddressSizeOverride;
            long displacement = new TargetAddress(instruction.IPRelativeMemoryAddress) - (Here + bytes.Length);
            if (displacement is < int.MinValue or > int.MaxValue)
                return RefusalReason.OutOfReach;
            BinaryPrimitives.WriteInt32LittleEndian(_destination[(Length + offsets.DisplacementOffset)..], (int)displacement);
        }

        Length += bytes.Length;
        return RefusalReason.None;
    }

    private RefusalReason Branch(scoped ReadOnlySpan<byte> opcode, TargetAddress target)
    {
        // A branch into the region would run bytes that are about to be replaced; one to its start would pass the site again.
        if (target > from && target < from + regionLength)
            return RefusalReason.BranchIntoRegion;
        int length = opcode.Length + sizeof(int);
        if (_destination.Length - Length < length)
            return RefusalReason.NoRoom;
        long distance = target - (Here + length);
        if (distance is < int.MinValue or > int.MaxValue)
            return RefusalReason.OutOfReach;
        opcode.CopyTo(_destination[Length..]);
        BinaryPrimitives.WriteInt32LittleEndian(_destination[(Length + opcode.Length)..], (int)distance);
        Length += length;
        return RefusalReason.None;
    }

    private RefusalReason Push(TargetAddress value)
    {
        int length = MakeRoom.Length + StoreLow.Length + StoreHigh.Length + 2 * sizeof(uint);
        if (_destination.Length - Length < length)
            return RefusalReason.NoRoom;
        Span<byte> code = _destination[Length..];
        MakeRoom.CopyTo(code);
        StoreLow.CopyTo(code[5..]);
        BinaryPrimitives.WriteUInt32LittleEndian(code[8..], (uint)(value.Value & uint.MaxValue));
        StoreHigh.CopyTo(code[12..]);
        BinaryPrimitives.WriteUInt32LittleEndian(code[16..], (uint)(value.Value >> 32));
        Length += length;
        return RefusalReason.None;
    }

    // FF /2 and FF /4 differ in three bits of the ModRM byte; prefixes and operand are the same.
    private RefusalReason IndirectCall(in Instruction instruction, scoped ReadOnlySpan<byte> bytes, ConstantOffsets offsets)
    {
        bool memory = instruction.Op0Kind == OpKind.Memory;
        Register used = memory ? instruction.MemoryBase : instruction.Op0Register;
        if (used is Register.RSP or Register.ESP)
            return RefusalReason.CallThroughStackPointer;
        RefusalReason reason = Push(new(instruction.NextIP));
        if (reason != RefusalReason.None)
            return reason;
        int start = Length;
        reason = Copy(instruction, bytes, offsets);
        if (reason != RefusalReason.None)
            return reason;
        ref byte modRm = ref _destination[start + bytes.IndexOf(GroupFive) + 1];
        modRm = (byte)(modRm & ~ModRmRegMask | ModRmJump);
        return RefusalReason.None;
    }

    private RefusalReason TransactionBegin(in Instruction instruction, scoped ReadOnlySpan<byte> bytes, ConstantOffsets offsets)
    {
        if (!bytes.TryCopyTo(_destination[Length..]))
            return RefusalReason.NoRoom;
        long distance = new TargetAddress(instruction.NearBranchTarget) - (Here + bytes.Length);
        if (distance is < int.MinValue or > int.MaxValue || offsets.ImmediateSize != sizeof(int))
            return RefusalReason.OutOfReach;
        BinaryPrimitives.WriteInt32LittleEndian(_destination[(Length + offsets.ImmediateOffset)..], (int)distance);
        Length += bytes.Length;
        return RefusalReason.None;
    }
}
