using System.Buffers.Binary;
using Iced.Intel;

namespace Calltap.Tests.Managed;

/// <summary>Where control may come in managed code: found by decoding all of it in a row, without any thought of what is reached.</summary>
/// <param name="read">Reads memory of the code's own tables: address, length; null where there is none.</param>
internal sealed class CodeMap(Func<ulong, int, byte[]?> read)
{
    private readonly HashSet<ulong> _starts = [], _jumps = [], _calls = [], _returns = [];

    private readonly List<(ulong Address, int Size, ulong[] Data, ulong[] Labels)> _tables = []; // of code with a switch: what may be its tables, and what their entries may count from

    /// <summary>Whether an instruction begins here.</summary>
    internal bool IsStart(ulong address) => _starts.Contains(address);

    /// <summary>Whether a jump, a table or an address that is formed leads here.</summary>
    internal bool IsJumpTarget(ulong address) => _jumps.Contains(address);

    /// <summary>Whether anything leads here.</summary>
    internal bool IsTarget(ulong address) => _jumps.Contains(address) || _calls.Contains(address);

    /// <summary>Whether a call returns here.</summary>
    internal bool IsReturn(ulong address) => _returns.Contains(address);

    /// <summary>Takes in a piece of code.</summary>
    internal void Add(ulong address, byte[] code)
    {
        var decoder = Decoder.Create(64, code, address);
        List<ulong> formed = [];
        bool isSwitch = false;
        for (ulong end = address + (ulong)code.Length; decoder.IP < end;)
        {
            decoder.Decode(out Instruction instruction);
            _starts.Add(instruction.IP);
            if (instruction.IsCallNear || instruction.IsCallNearIndirect)
                _returns.Add(instruction.NextIP);
            if (instruction.Op0Kind == OpKind.NearBranch64)
                (instruction.IsCallNear ? _calls : _jumps).Add(instruction.NearBranchTarget);
            if (instruction is { Mnemonic: Mnemonic.Lea, IsIPRelativeMemoryOperand: true })
                formed.Add(instruction.IPRelativeMemoryAddress);
            isSwitch |= instruction is { IsJmpNearIndirect: true, IsIPRelativeMemoryOperand: false };
        }

        _jumps.UnionWith(formed);
        ILookup<bool, ulong> isInside = formed.ToLookup(place => place - address < (ulong)code.Length);
        if (isSwitch)
            _tables.Add((address, code.Length, [.. isInside[false]], [.. isInside[true]]));
    }

    /// <summary>Reads the tables of switches, when all code has been added: a table ends where another thing begins whose address some code forms.</summary>
    internal void AddTables()
    {
        ulong[] data = [.. _tables.SelectMany(table => table.Data).Distinct().Order()];
        foreach ((ulong address, int size, ulong[] tables, ulong[] labels) in _tables)
            foreach (ulong table in tables)
                foreach (ulong from in labels)
                    AddTable(table, data.FirstOrDefault(next => next > table, ulong.MaxValue), from, address, size);
    }

    private void AddTable(ulong table, ulong end, ulong from, ulong address, int size)
    {
        for (ulong entry = table; entry < end && read(entry, sizeof(int)) is { } bytes; entry += sizeof(int))
        {
            ulong to = from + (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if (to - address >= (ulong)size || !_starts.Contains(to))
                break;
            _jumps.Add(to);
        }
    }
}
