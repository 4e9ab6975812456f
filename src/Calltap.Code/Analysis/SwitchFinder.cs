using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>
/// Says what a function's indirect jumps are. Every address the function forms is a candidate for a table and read as one, since
/// marking too much costs a site at most; a jump counts as understood when its shape is a switch's and a table for it has been read.
/// </summary>
internal sealed class SwitchFinder(ModuleFacts facts)
{
    private readonly List<Instruction> _instructions = [];
    private readonly HashSet<ImageAddress> _absoluteTables = [];
    private readonly HashSet<ImageAddress> _relativeTables = [];
    private readonly HashSet<ImageAddress> _labels = [];
    private readonly InstructionReader _reader = new();
    private bool _hasLabelTable;

    /// <summary>Marks the targets of the function's tables and gives its jumps a meaning.</summary>
    internal void Find(FunctionCode code, FunctionFlow flow)
    {
        Load(code);
        var tables = new JumpTables(facts, code);
        ReadCandidates(code, tables);
        JumpSource[] sources = Trace(code, tables);
        var depths = new StackDepths(code, _instructions, sources, tables.Targets);

        var labels = new LabelFlow(facts, code, _instructions, [.. tables.Targets, .. _labels]);
        flow.SwitchToEntry = tables.ReachesEntry;
        for (int i = 0; i < sources.Length; i++)
        {
            if (code.All[i].Kind == InstructionKind.IndirectJump)
                flow.IndirectJumps[code.All[i].Address] = tables.OverBudget ? IndirectJumpMeaning.NotUnderstood
                    : HoldsLabel(labels, sources[i], i) ? IndirectJumpMeaning.Switch
                    : Meaning(sources[i], tables, depths.IsZero(i));
        }

        flow.HasJumpNotUnderstood = flow.IndirectJumps.ContainsValue(IndirectJumpMeaning.NotUnderstood);
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

    private void ReadCandidates(FunctionCode code, JumpTables tables)
    {
        _absoluteTables.Clear();
        _relativeTables.Clear();
        _labels.Clear();
        HashSet<ImageAddress> candidates = Candidates();
        foreach (ImageAddress candidate in candidates)
        {
            if (tables.Read(candidate, SwitchShape.Relative4, 0) > 0)
                _relativeTables.Add(candidate);
            if (tables.Read(candidate, SwitchShape.Absolute8, 0) > 0)
                _absoluteTables.Add(candidate);
            if (!code.Contains(candidate))
                continue;
            // A label whose address is taken may be jumped to, and distances may be counted from it.
            facts.Targets.Mark(candidate);
            if (candidate == code.Parts[0].Start)
                continue;
            _labels.Add(candidate);
            foreach (ImageAddress table in candidates)
            {
                if (tables.OverBudget)
                    break; // no jump of the function counts as understood then; thousands of labels would be squared
                if (tables.Read(table, SwitchShape.Relative4, 0, candidate) > 0)
                    _relativeTables.Add(table);
            }
        }
    }

    private HashSet<ImageAddress> Candidates()
    {
        var candidates = new HashSet<ImageAddress>();
        foreach (Instruction instruction in _instructions)
        {
            if (JumpSource.AddressFormed(instruction, facts.Input.PositionIndependent) is { } address)
                candidates.Add(address);
        }

        return candidates;
    }

    private JumpSource[] Trace(FunctionCode code, JumpTables tables)
    {
        var sources = new JumpSource[_instructions.Count];
        for (int i = 0; i < sources.Length; i++)
        {
            if (code.All[i].Kind != InstructionKind.IndirectJump)
                continue;
            JumpSource source = JumpSource.Trace(_instructions, i, facts.Input.PositionIndependent);
            if (source is { IsSwitch: true, Table: { } table, Bound: > 0 })
                tables.Read(table, source.Shape, source.Bound);
            sources[i] = source;
        }

        // A table that a switch of known shape uses is no store of labels for a jump of unknown origin.
        _hasLabelTable = HasOther(_absoluteTables, SwitchShape.Absolute8, sources) || HasOther(_relativeTables, SwitchShape.Relative4, sources);
        return sources;
    }

    private bool HoldsLabel(LabelFlow labels, JumpSource source, int index) =>
        source.Shape is SwitchShape.Label or SwitchShape.Opaque && _labels.Count > 0 && _instructions[index].Op0Kind == OpKind.Register
        && labels.HoldsLabel(index, _instructions[index].Op0Register);

    private static bool HasOther(HashSet<ImageAddress> tables, SwitchShape shape, JumpSource[] sources) =>
        !tables.IsSubsetOf(sources.Where(source => source.Shape == shape).Select(source => source.Table).OfType<ImageAddress>());

    private IndirectJumpMeaning Meaning(JumpSource source, JumpTables tables, bool returnAddressOnTop)
    {
        switch (source.Shape)
        {
            case SwitchShape.Got:
                return IndirectJumpMeaning.TailCall;
            case SwitchShape.LongJump:
                return IndirectJumpMeaning.LongJump;
            case SwitchShape.Relative4:
                return _relativeTables.Count > 0 ? IndirectJumpMeaning.Switch : IndirectJumpMeaning.NotUnderstood;
            case SwitchShape.Absolute8 when source.Table is { } own ? _absoluteTables.Contains(own) : _absoluteTables.Count > 0:
                return IndirectJumpMeaning.Switch;
            case SwitchShape.Absolute8 when source.Table is { } functions && tables.HoldsFunctions(functions):
                return IndirectJumpMeaning.TailCall;
        }

        return returnAddressOnTop && _labels.Count == 0 && !_hasLabelTable ? IndirectJumpMeaning.TailCall : IndirectJumpMeaning.NotUnderstood;
    }
}
