using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>A method's instructions, where control may come to each, and which of them belong to the method itself and not to its funclets.</summary>
internal sealed class ManagedCode
{
    private readonly byte[] _bytes;
    private readonly int[] _indexAt; // of the instruction that begins at an offset; -1 for none
    private readonly HashSet<int> _targets = [0];
    private readonly HashSet<int> _returns = []; // where a call returns to
    private readonly HashSet<int> _labels = []; // offsets whose address an instruction forms
    private readonly HashSet<int> _cases = []; // offsets to which a table leads
    private readonly List<ImageAddress> _data = []; // addresses outside that one forms: a switch's table may be there

    private ManagedCode(ManagedMethod method, byte[] bytes)
    {
        (Method, _bytes) = (method, bytes);
        _indexAt = new int[method.Size];
        Array.Fill(_indexAt, -1);
    }

    /// <summary>The method.</summary>
    internal ManagedMethod Method { get; }

    /// <summary>All instructions, in order.</summary>
    internal List<Instruction> All { get; } = [];

    /// <summary>Whether some byte is no instruction, or a branch leads between two bytes of one: then nothing is certain.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>Whether a jump through a table may lead anywhere.</summary>
    internal bool HasJumpNotUnderstood { get; private set; }

    /// <summary>By the instruction's index: whether it is reached from the method's start, or where a handler goes on in the method.</summary>
    internal bool[] IsBody { get; private set; } = [];

    /// <summary>Decodes a method; null where its bytes can't be read.</summary>
    internal static ManagedCode? Read(ManagedMethod method, ICodeImage image)
    {
        if (method.Size <= 0 || method.Room < method.Size || !image.TryGetBytes(method.Address, new ByteSize(method.Room), out ReadOnlyMemory<byte> bytes))
            return null;
        var code = new ManagedCode(method, bytes.ToArray());
        code.Decode();
        code.FindTargets(image);
        code.FindResumes(image);
        code.FindBody();
        return code;
    }

    /// <summary>Bytes of the method from an offset on.</summary>
    internal ReadOnlySpan<byte> Bytes(int offset, int length) => _bytes.AsSpan(offset, length);

    /// <summary>Where an instruction begins, from the method's start.</summary>
    internal int OffsetOf(in Instruction instruction) => (int)(instruction.IP - Method.Address.Value);

    /// <summary>The address of an offset.</summary>
    internal ImageAddress At(int offset) => Method.Address + offset;

    /// <summary>Whether control may come to an offset otherwise than from the instruction before.</summary>
    internal bool IsTarget(int offset) => _targets.Contains(offset);

    /// <summary>Whether a call returns to an offset: the runtime walks stacks by it.</summary>
    internal bool IsReturn(int offset) => _returns.Contains(offset);

    /// <summary>Whether an address is in the method.</summary>
    internal bool Contains(ulong address) => address - Method.Address.Value < (ulong)Method.Size;

    /// <summary>Padding behind the method's last instruction, of at most so many bytes.</summary>
    internal int Padding(int wanted)
    {
        int found = 0;
        while (found < wanted && Method.Size + found < Method.Room && _bytes[Method.Size + found] is 0xcc or 0x90 or 0x00)
            found++;
        return found;
    }

    /// <summary>
    /// Whether a jump through a register or memory leaves the method: the compiler marks a tail call by REX.W, or goes through a cell; what is left goes
    /// through a table of the method's own.
    /// </summary>
    internal bool IsIndirectTail(in Instruction instruction)
    {
        if (instruction.IsIPRelativeMemoryOperand)
            return true;
        return (_bytes[OffsetOf(instruction)] & 0xf8) == 0x48;
    }

    private void Decode()
    {
        var decoder = Decoder.Create(64, _bytes.AsSpan(0, Method.Size).ToArray(), Method.Address.Value);
        ulong end = Method.Address.Value + (ulong)Method.Size;
        while (decoder.IP < end)
        {
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid)
            {
                IsLost = true;
                return;
            }

            _indexAt[OffsetOf(instruction)] = All.Count;
            All.Add(instruction);
        }
    }

    private void FindTargets(ICodeImage image)
    {
        bool switches = false;
        foreach (Instruction instruction in All)
        {
            InstructionKind kind = InstructionKinds.Of(instruction);
            if (InstructionKinds.HasTarget(kind) && Contains(instruction.NearBranchTarget))
                Mark(instruction.NearBranchTarget);
            if (kind is InstructionKind.Call or InstructionKind.IndirectCall)
                _returns.Add((int)(instruction.NextIP - Method.Address.Value));
            if (instruction is { Mnemonic: Mnemonic.Lea, IsIPRelativeMemoryOperand: true })
                Form(instruction.IPRelativeMemoryAddress);
            switches |= kind == InstructionKind.IndirectJump && !IsIndirectTail(instruction);
        }

        if (switches)
            FindTables(image);
    }

    // Where a handler that has caught an exception goes on in the method: its funclet forms the address.
    private void FindResumes(ICodeImage image)
    {
        int length = Method.Extent - Method.Size;
        if (length <= 0)
            return;
        if (!image.TryGetBytes(At(Method.Size), new ByteSize(length), out ReadOnlyMemory<byte> bytes))
        {
            IsLost = true;
            return;
        }

        var decoder = Decoder.Create(64, bytes.ToArray(), At(Method.Size).Value);
        while (decoder.IP < At(Method.Extent).Value)
        {
            decoder.Decode(out Instruction instruction);
            IsLost |= instruction.IsInvalid;
            if (InstructionKinds.HasTarget(InstructionKinds.Of(instruction)) && Contains(instruction.NearBranchTarget))
                Mark(instruction.NearBranchTarget);
            if (instruction is { Mnemonic: Mnemonic.Lea, IsIPRelativeMemoryOperand: true } && Contains(instruction.IPRelativeMemoryAddress))
                Form(instruction.IPRelativeMemoryAddress);
        }
    }

    private void Form(ulong address)
    {
        if (Contains(address))
        {
            Mark(address);
            _labels.Add((int)(address - Method.Address.Value));
        }
        else
        {
            _data.Add(new ImageAddress(address));
        }
    }

    private void Mark(ulong address)
    {
        int offset = (int)(address - Method.Address.Value);
        IsLost |= _indexAt[offset] < 0;
        _targets.Add(offset);
    }

    // A table holds 32-bit offsets from a place in the method, whose address is formed beside the table's. What follows it may look like more of it, which does no harm.
    private void FindTables(ICodeImage image)
    {
        bool any = false;
        foreach (ImageAddress table in _data.Distinct())
            foreach (int from in _labels)
                any |= ReadTable(image, table, from);
        HasJumpNotUnderstood = !any;
    }

    private bool ReadTable(ICodeImage image, ImageAddress table, int from)
    {
        const int Most = 1 << 16;
        int entries = 0;
        for (; entries < Most && image.TryGetBytes(table + entries * sizeof(int), new ByteSize(sizeof(int)), out ReadOnlyMemory<byte> entry); entries++)
        {
            long to = from + System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(entry.Span);
            if (to < 0 || to >= Method.Size || _indexAt[to] < 0)
                break;
            _targets.Add((int)to);
            _cases.Add((int)to);
        }

        return entries > 0;
    }

    private void FindBody()
    {
        IsBody = new bool[All.Count];
        var open = new Stack<int>([0, .. _labels, .. _cases]);
        while (open.TryPop(out int offset))
        {
            if (offset >= Method.Size)
                continue;
            int index = _indexAt[offset];
            for (; index >= 0 && index < All.Count && !IsBody[index]; index++)
            {
                IsBody[index] = true;
                Instruction instruction = All[index];
                InstructionKind kind = InstructionKinds.Of(instruction);
                if (InstructionKinds.IsDirectJump(kind) && Contains(instruction.NearBranchTarget))
                    open.Push((int)(instruction.NearBranchTarget - Method.Address.Value));
                if (InstructionKinds.EndsFlow(kind) || kind == InstructionKind.Breakpoint)
                    break;
            }
        }
    }
}
