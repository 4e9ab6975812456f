using System.Buffers.Binary;

namespace Calltap.Code.Analysis;

/// <summary>Reads jump tables of one function and marks their targets.</summary>
internal sealed class JumpTables(ModuleFacts facts, FunctionCode code)
{
    // What hostile code may make us read: a real function's tables have fewer entries than the function has bytes.
    private const int BaseBudget = 8192;
    private const int BudgetPerInstruction = 16;

    private long _budget = BaseBudget + (long)BudgetPerInstruction * code.All.Length;

    /// <summary>Whether there were more entries than any real function has.</summary>
    internal bool OverBudget => _budget <= 0;

    /// <summary>The entries that lead into the function, repeated as they come.</summary>
    internal List<ImageAddress> Targets { get; } = [];

    /// <summary>Whether an entry leads to the function's entry.</summary>
    internal bool ReachesEntry { get; private set; }

    /// <summary>
    /// Reads the table at <paramref name="table"/> until an entry leads out of the function, or all <paramref name="bound"/> entries where
    /// their number is known (compilers let entries of impossible cases lead anywhere).
    /// </summary>
    /// <param name="table">The table's address.</param>
    /// <param name="shape">The kind of its entries.</param>
    /// <param name="bound">The number of entries, or 0 when unknown.</param>
    /// <returns>How many entries lead into the function.</returns>
    internal int Read(ImageAddress table, SwitchShape shape, int bound)
    {
        int size = shape == SwitchShape.Relative4 ? sizeof(int) : sizeof(ulong);
        int inside = 0;
        for (int i = 0; (bound == 0 || i < bound) && _budget-- > 0; i++)
        {
            if (!facts.Input.Image.TryGetBytes(table + (long)i * size, new(size), out ReadOnlyMemory<byte> bytes) || bytes.Length != size)
                break;
            ImageAddress target = size == sizeof(int)
                ? table + BinaryPrimitives.ReadInt32LittleEndian(bytes.Span)
                : new(BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span));
            bool internalTarget = code.Contains(target);
            if (bound == 0 && !internalTarget && !IsEnd(target))
                break;
            facts.Targets.Mark(target);
            if (internalTarget)
            {
                Targets.Add(target);
                inside++;
            }

            ReachesEntry |= target == code.Parts[0].Start || IsBehindEndBranch(target);
        }

        return inside;
    }

    /// <summary>Whether the first entry of a table of addresses is the start of a function: a table of functions.</summary>
    internal bool HoldsFunctions(ImageAddress table) =>
        facts.Input.Image.TryGetBytes(table, new(sizeof(ulong)), out ReadOnlyMemory<byte> bytes) && bytes.Length == sizeof(ulong)
        && IsFunctionStart(new(BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span)));

    // The unreachable default of a switch may lead to the function's very end.
    private bool IsEnd(ImageAddress target)
    {
        foreach (CodePart part in code.Parts)
        {
            if (part.End == target)
                return true;
        }

        return false;
    }

    private bool IsBehindEndBranch(ImageAddress target)
    {
        ReadOnlySpan<DecodedInstruction> all = code.All;
        return all[0].Kind == InstructionKind.EndBranch && all[0].End == target;
    }

    private bool IsFunctionStart(ImageAddress address)
    {
        ReadOnlySpan<CodePart> parts = facts.Layout.Parts;
        int low = 0, high = parts.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (parts[middle].Start == address)
                return true;
            if (parts[middle].Start < address)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return false;
    }
}
