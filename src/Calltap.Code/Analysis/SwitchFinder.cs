using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>
/// Says what a function's indirect jumps are. Every address the function forms is a candidate for a table and read as one, since
/// marking too much costs a site at most; a jump counts as understood when its shape is a switch's and a table for it has been read.
/// </summary>
internal sealed class SwitchFinder(ModuleFacts facts)
{
    private readonly List<Instruction> _instructions = [];
    private readonly InstructionReader _reader = new();

    /// <summary>Marks the targets of the function's tables and gives its jumps a meaning.</summary>
    internal FunctionFlow Find(FunctionCode code)
    {
        Load(code);
        var tables = new JumpTables(facts, code);
        bool relative = false, absolute = false, labels = false;
        foreach (ImageAddress candidate in Candidates())
        {
            relative |= tables.Read(candidate, SwitchShape.Relative4, 0) > 0;
            absolute |= tables.Read(candidate, SwitchShape.Absolute8, 0) > 0;
            labels |= candidate != code.Parts[0].Start && code.Contains(candidate);
            // A label whose address is taken may be jumped to.
            if (code.Contains(candidate))
                facts.Targets.Mark(candidate);
        }

        var flow = new FunctionFlow();
        var depths = new StackDepths(code, _instructions);
        for (int i = 0; i < _instructions.Count; i++)
        {
            if (code.All[i].Kind != InstructionKind.IndirectJump)
                continue;
            var source = JumpSource.Trace(_instructions, i);
            int own = source.Table is { } table && source.Shape is SwitchShape.Relative4 or SwitchShape.Absolute8 ? tables.Read(source.Table.Value, source.Shape, source.Bound) : 0;
            IndirectJumpMeaning meaning = source.Shape switch
            {
                SwitchShape.Got => IndirectJumpMeaning.TailCall,
                SwitchShape.Relative4 => own > 0 || relative ? IndirectJumpMeaning.Switch : IndirectJumpMeaning.NotUnderstood,
                SwitchShape.Absolute8 when own > 0 || absolute => IndirectJumpMeaning.Switch,
                SwitchShape.Absolute8 when source.Table is { } functions && tables.HoldsFunctions(functions) => IndirectJumpMeaning.TailCall,
                _ => depths.IsZero(i) && !labels && !absolute ? IndirectJumpMeaning.TailCall : IndirectJumpMeaning.NotUnderstood,
            };
            flow.IndirectJumps[code.All[i].Address] = tables.OverBudget ? IndirectJumpMeaning.NotUnderstood : meaning;
        }

        flow.HasJumpNotUnderstood = flow.IndirectJumps.ContainsValue(IndirectJumpMeaning.NotUnderstood);
        flow.SwitchToEntry = tables.ReachesEntry;
        return flow;
    }

    private void Load(FunctionCode code)
    {
        _instructions.Clear();
        foreach (CodePart part in code.Parts)
        {
            if (part.End <= part.Start)
                continue;
            _reader.Seek(facts.Memory.Find(part.Start)!, part.Start, part.End);
            while (_reader.TryRead(out Instruction instruction))
                _instructions.Add(instruction);
        }
    }

    private HashSet<ImageAddress> Candidates()
    {
        var candidates = new HashSet<ImageAddress>();
        foreach (Instruction instruction in _instructions)
        {
            if (JumpSource.AddressFormed(instruction) is { } address)
                candidates.Add(address);
        }

        return candidates;
    }
}
