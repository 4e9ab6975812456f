using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>Pass 1: marks everything the code of the module may branch to. One worker per thread.</summary>
internal sealed class TargetPass(ModuleFacts facts)
{
    // How many instructions a stream that starts inside another may take to meet it again: past a lock prefix it is one.
    private const int MaxUntilRejoin = 8;

    private readonly FunctionCode _code = new(facts);
    private readonly SwitchFinder _switches = new(facts);

    /// <summary>Marks the targets of one function's branches, and notes what is unusual about it.</summary>
    internal void Visit(int function)
    {
        ReadOnlySpan<CodePart> parts = facts.Layout.Of(function);
        if (parts.IsEmpty)
            return;
        _code.Decode(parts);
        bool desynchronized = false;
        foreach (DecodedInstruction instruction in _code.All)
        {
            MarkReferenced(instruction);
            if (!InstructionKinds.HasTarget(instruction.Kind))
                continue;
            facts.Targets.Mark(instruction.Target);
            if (!_code.Contains(instruction.Target))
                NoteJumpOut(function, instruction);
            else if (_code.IndexOf(instruction.Target) < 0)
                desynchronized |= !FollowInside(instruction.Target);
        }

        facts.Flow[function] = desynchronized || _code.HasIndirectJump ? new() { Desynchronized = desynchronized, HasIndirectJump = _code.HasIndirectJump } : null;
    }

    /// <summary>Says what one function's indirect jumps are, and marks where they lead; once all functions' references are known.</summary>
    internal void VisitTables(int function)
    {
        if (facts.Flow[function] is not { HasIndirectJump: true } flow)
            return;
        _code.Decode(facts.Layout.Of(function));
        _switches.Find(_code, flow);
    }

    /// <summary>
    /// Looks whether a start can be armed whatever leads there: where neither its code nor what it jumps to reads below the stack pointer,
    /// nothing that a part might find there is live.
    /// </summary>
    internal void VisitUnproven(int function)
    {
        _code.Decode(facts.Layout.Of(function));
        if (_code.HasInvalid || facts.Flow[function] is { HasJumpNotUnderstood: true } or { Desynchronized: true })
            return;
        foreach (DecodedInstruction instruction in _code.All)
        {
            if (InstructionKinds.IsDirectJump(instruction.Kind) && !_code.Contains(instruction.Target) && !facts.Starts.IsProven(instruction.Target))
                return;
        }

        if (!RedZone.IsUsed(_code))
            facts.Starts.Prove(function);
    }

    /// <summary>
    /// Marks the targets of code that no function claims: local code of assembler files jumps too. Data there marks bytes at random,
    /// which costs a site now and then; missing a target would cost the target's life.
    /// </summary>
    internal void VisitUnclaimed(CodePart gap)
    {
        _code.Decode([gap]);
        foreach (DecodedInstruction instruction in _code.All)
        {
            MarkReferenced(instruction);
            if (InstructionKinds.HasTarget(instruction.Kind))
                MarkForeign(instruction.Target);
        }
    }

    private void MarkReferenced(in DecodedInstruction instruction)
    {
        if (instruction.Target != default && instruction.Kind is InstructionKind.Call or InstructionKind.Plain)
            facts.Referenced.Mark(instruction.Target);
    }

    private void MarkForeign(ImageAddress target)
    {
        facts.Targets.Mark(target);
        facts.Foreign.Mark(target);
    }

    private void NoteJumpOut(int function, in DecodedInstruction jump)
    {
        facts.Foreign.Mark(jump.Target);
        if (InstructionKinds.IsDirectJump(jump.Kind))
            facts.Starts.NoteJump(function, _code, jump);
    }

    // False when decoding from start does not meet the other instructions soon.
    private bool FollowInside(ImageAddress start)
    {
        _code.Seek(_code.Parts[_code.PartOf(start)], start);
        for (int i = 0; i < MaxUntilRejoin && _code.Reader.TryRead(out Instruction instruction) && !instruction.IsInvalid; i++)
        {
            InstructionKind kind = InstructionKinds.Of(instruction);
            if (InstructionKinds.HasTarget(kind))
                facts.Targets.Mark(new(instruction.NearBranchTarget));
            if (_code.IndexOf(new(instruction.NextIP)) >= 0)
                return true;
            if (InstructionKinds.EndsFlow(kind))
                return false;
        }

        return false;
    }
}
