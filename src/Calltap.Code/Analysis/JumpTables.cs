using System.Buffers.Binary;

namespace Calltap.Code.Analysis;

/// <summary>Reads jump tables of one function and marks their targets.</summary>
internal sealed class JumpTables(ModuleFacts facts, FunctionCode code)
{
    // What hostile code may make us read: a real function's tables have fewer entries than the function has bytes.
    private const int BaseBudget = 8192;
    private const int BudgetPerInstruction = 16;

    private readonly List<ImageAddress> _intoParts = [];
    private long _budget = BaseBudget + (long)BudgetPerInstruction * code.All.Length;

    /// <summary>Whether there were more entries than any real function has.</summary>
    internal bool OverBudget => _budget <= 0;

    /// <summary>The entries that lead into the function, repeated as they come.</summary>
    internal List<ImageAddress> Targets { get; } = [];

    /// <summary>Whether an entry leads to the function's entry.</summary>
    internal bool ReachesEntry { get; private set; }

    /// <summary>
    /// Reads the table at <paramref name="table"/> until an entry leads out of the function, or all <paramref name="bound"/> entries where
    /// their number is known (compilers let entries of impossible cases lead anywhere). What may be a part of the function is not out of it.
    /// </summary>
    /// <param name="table">The table's address.</param>
    /// <param name="shape">The kind of its entries.</param>
    /// <param name="bound">The number of entries, or 0 when unknown.</param>
    /// <param name="origin">What distances are counted from; null for the table.</param>
    /// <returns>How many entries lead into the function.</returns>
    internal int Read(ImageAddress table, SwitchShape shape, int bound, ImageAddress? origin = null)
    {
        int size = shape == SwitchShape.Relative4 ? sizeof(int) : sizeof(ulong);
        int inside = 0;
        for (int i = 0; (bound == 0 || i < bound) && _budget-- > 0; i++)
        {
            if (!facts.Input.Image.TryGetBytes(table + (long)i * size, new(size), out ReadOnlyMemory<byte> bytes) || bytes.Length != size)
                break;
            ImageAddress target = size == sizeof(int)
                ? (origin ?? table) + BinaryPrimitives.ReadInt32LittleEndian(bytes.Span)
                : new(BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span));
            bool internalTarget = code.Contains(target);
            bool open = !internalTarget && facts.Starts.MayBePart(target);
            if (bound == 0 && !internalTarget && !open && !IsEnd(target))
                break;
            facts.Targets.Mark(target);
            if (open)
                _intoParts.Add(target);
            if (internalTarget)
            {
                Targets.Add(target);
                inside++;
                NoteParts();
            }

            ReachesEntry |= target == code.Parts[0].Start || IsBehindEndBranch(target);
        }

        if (bound > 0)
            NoteParts();
        _intoParts.Clear();
        return inside;
    }

    /// <summary>Whether the first entry of a table of addresses is the start of a function: a table of functions.</summary>
    internal bool HoldsFunctions(ImageAddress table) =>
        facts.Input.Image.TryGetBytes(table, new(sizeof(ulong)), out ReadOnlyMemory<byte> bytes) && bytes.Length == sizeof(ulong)
        && new ImageAddress(BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span)) is var first && facts.Layout.Find(first) is { } part && part.Start == first;

    // An entry that leads into a part is one of the table's where others of it follow; at its end it may be what lies behind the table.
    private void NoteParts()
    {
        foreach (ImageAddress target in _intoParts)
            facts.Starts.NoteTable(code.Parts[0].Function, target);
        _intoParts.Clear();
    }

    // The unreachable default of a switch may lead to the function's very end.
    private bool IsEnd(ImageAddress target) => target.Value > 0 && code.PartOf(target + -1) is >= 0 and int part && code.Parts[part].End == target;

    private bool IsBehindEndBranch(ImageAddress target)
    {
        ReadOnlySpan<DecodedInstruction> all = code.All;
        return all[0].Kind == InstructionKind.EndBranch && all[0].End == target;
    }
}
