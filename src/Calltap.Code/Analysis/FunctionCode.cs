using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>The decoded instructions of one function, in a buffer that is used again for the next one; not for several threads.</summary>
internal sealed class FunctionCode(ModuleFacts facts)
{
    private readonly InstructionReader _reader = new();
    private readonly List<int> _firstOf = [];
    private DecodedInstruction[] _instructions = new DecodedInstruction[1024];
    private CodePart[] _parts = [];
    private int _partCount;
    private int _count;

    /// <summary>The parts decoded: the first one, then the others by address.</summary>
    internal ReadOnlySpan<CodePart> Parts => _parts.AsSpan(0, _partCount);

    /// <summary>All instructions, part after part.</summary>
    internal ReadOnlySpan<DecodedInstruction> All => _instructions.AsSpan(0, _count);

    /// <summary>Whether a byte was found that starts no instruction.</summary>
    internal bool HasInvalid { get; private set; }

    /// <summary>Whether there is a near indirect jump.</summary>
    internal bool HasIndirectJump { get; private set; }

    /// <summary>The decoder, for a second look at single instructions; moving it disturbs nothing.</summary>
    internal InstructionReader Reader => _reader;

    /// <summary>The instructions of one part.</summary>
    internal ReadOnlySpan<DecodedInstruction> Of(int part) => All[_firstOf[part].._firstOf[part + 1]];

    /// <summary>Decodes the parts from start to end, one instruction after another.</summary>
    internal void Decode(ReadOnlySpan<CodePart> parts)
    {
        if (_parts.Length < parts.Length)
            _parts = new CodePart[parts.Length];
        parts.CopyTo(_parts);
        _partCount = parts.Length;
        _count = 0;
        HasInvalid = HasIndirectJump = false;
        _firstOf.Clear();
        _firstOf.Add(0);
        foreach (CodePart part in parts)
        {
            DecodePart(part);
            _firstOf.Add(_count);
        }
    }

    /// <summary>Whether <paramref name="address"/> is in one of the function's parts.</summary>
    internal bool Contains(ImageAddress address) => PartOf(address) >= 0;

    /// <summary>The index of the part that holds <paramref name="address"/>, or -1.</summary>
    internal int PartOf(ImageAddress address)
    {
        if (_partCount > 0 && _parts[0].Contains(address))
            return 0;
        int low = 1, high = _partCount - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < _parts[middle].Start)
                high = middle - 1;
            else if (address >= _parts[middle].End)
                low = middle + 1;
            else
                return middle;
        }

        return -1;
    }

    /// <summary>The index in <see cref="All"/> of the instruction that starts at <paramref name="address"/>, or -1.</summary>
    internal int IndexOf(ImageAddress address)
    {
        int part = PartOf(address);
        return part < 0 ? -1 : Search(_firstOf[part], _firstOf[part + 1] - 1, address);
    }

    /// <summary>Goes to one instruction or any other address of the function's <paramref name="part"/>.</summary>
    internal void Seek(in CodePart part, ImageAddress address) => _reader.Seek(facts.Memory.Find(part.Start)!, address, part.End);

    private int Search(int low, int high, ImageAddress address)
    {
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            ImageAddress found = _instructions[middle].Address;
            if (found == address)
                return middle;
            if (found < address)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }

    private void DecodePart(in CodePart part)
    {
        if (part.End <= part.Start)
            return;
        Seek(part, part.Start);
        while (_reader.TryRead(out Instruction instruction))
        {
            InstructionKind kind = InstructionKinds.Of(instruction);
            HasInvalid |= kind == InstructionKind.Invalid;
            HasIndirectJump |= kind == InstructionKind.IndirectJump;
            ulong target = InstructionKinds.HasTarget(kind) ? instruction.NearBranchTarget : AddressTaken(instruction);
            if (_count == _instructions.Length)
                Array.Resize(ref _instructions, _count * 2);
            _instructions[_count++] = new(new(instruction.IP), new(target), kind, (byte)instruction.Length);
        }
    }

    /// <summary>The address that a plain instruction forms: <c>lea r, [rip+x]</c>, or a 32-bit number moved or pushed, in a fixed-address image; else 0.</summary>
    private ulong AddressTaken(in Instruction instruction) => instruction.Code switch
    {
        Iced.Intel.Code.Lea_r64_m => instruction.IsIPRelativeMemoryOperand ? instruction.IPRelativeMemoryAddress : 0,
        _ when facts.Input.PositionIndependent => 0,
        Iced.Intel.Code.Mov_r32_imm32 => instruction.Immediate32,
        Iced.Intel.Code.Mov_rm64_imm32 or Iced.Intel.Code.Pushq_imm32 => (ulong)instruction.Immediate32to64,
        _ => 0,
    };
}
