using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>
/// How many bytes a function has on the stack at each instruction. An indirect jump at depth 0, with the return address on top, is a
/// tail call unless the function has labels to jump to; at any other depth it is not.
/// </summary>
internal sealed class StackDepths
{
    private const int Unknown = int.MinValue;
    private const int Conflict = int.MinValue + 1;
    private const int MaxSweeps = 8;
    private const int WordSize = 8;

    private readonly FunctionCode _code;
    private readonly JumpSource[] _sources;
    private readonly List<ImageAddress> _switchTargets;
    private readonly List<Instruction> _instructions;
    private readonly int[] _depth;
    private int _frame = Unknown;
    private int _atSwitches = Unknown;
    private bool _changed;

    /// <param name="code">The function.</param>
    /// <param name="instructions">Its instructions in full.</param>
    /// <param name="sources">For each instruction that is an indirect jump, where its target comes from.</param>
    /// <param name="switchTargets">Where the function's jump tables lead.</param>
    internal StackDepths(FunctionCode code, List<Instruction> instructions, JumpSource[] sources, List<ImageAddress> switchTargets)
    {
        _code = code;
        _sources = sources;
        _switchTargets = switchTargets;
        _instructions = instructions;
        _depth = new int[instructions.Count];
        Array.Fill(_depth, Unknown);
        _depth[0] = 0;
        _changed = true;
        for (int sweep = 0; sweep < MaxSweeps && _changed; sweep++)
            Sweep();
    }

    /// <summary>Whether the return address is certainly on top of the stack before instruction <paramref name="index"/>.</summary>
    internal bool IsZero(int index) => _depth[index] == 0;

    private void Sweep()
    {
        _changed = false;
        ReadOnlySpan<DecodedInstruction> all = _code.All;
        for (int i = 0; i < all.Length; i++)
        {
            if (_depth[i] is Unknown or Conflict)
                continue;
            int after = After(_instructions[i], _depth[i]);
            if (InstructionKinds.IsDirectJump(all[i].Kind))
                Join(_code.IndexOf(all[i].Target), after);
            if (all[i].Kind == InstructionKind.IndirectJump && _sources[i].IsSwitch)
                _atSwitches = _atSwitches == Unknown || _atSwitches == after ? after : Conflict;
            if (i + 1 < all.Length && FallsInto(all[i], all[i + 1]))
                Join(i + 1, after);
        }

        // Which table belongs to which jump is not always known; usually all of a function's switches have the same depth.
        if (_atSwitches is Unknown or Conflict)
            return;
        foreach (ImageAddress target in _switchTargets)
            Join(_code.IndexOf(target), _atSwitches);
    }

    // Padding behind a call says that it does not return.
    private static bool FallsInto(in DecodedInstruction instruction, in DecodedInstruction next) =>
        !InstructionKinds.EndsFlow(instruction.Kind) && next.Address == instruction.End
        && !(instruction.Kind is InstructionKind.Call or InstructionKind.IndirectCall && next.Kind == InstructionKind.Nop);

    private void Join(int index, int depth)
    {
        if (index < 0 || depth == Unknown || _depth[index] == depth || _depth[index] == Conflict)
            return;
        _depth[index] = _depth[index] == Unknown ? depth : Conflict;
        _changed = true;
    }

    private int After(in Instruction instruction, int depth)
    {
        bool toStackPointer = instruction.OpCount > 0 && instruction.Op0Kind == OpKind.Register && instruction.Op0Register == Register.RSP;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Call:
                return depth;
            case Mnemonic.Mov when instruction.Op0Kind == OpKind.Register && instruction.Op0Register == Register.RBP
                && instruction.Op1Kind == OpKind.Register && instruction.Op1Register == Register.RSP:
                _frame = depth;
                return depth;
            case Mnemonic.Leave:
                return _frame == Unknown ? Unknown : unchecked(_frame - WordSize);
            case Mnemonic.Mov when toStackPointer:
                return instruction.Op1Kind == OpKind.Register && instruction.Op1Register == Register.RBP ? _frame : Unknown;
            case Mnemonic.Sub when toStackPointer:
                return Changed(instruction, depth, 1);
            case Mnemonic.Add when toStackPointer:
                return Changed(instruction, depth, -1);
            case Mnemonic.Lea when toStackPointer:
                return Address(instruction, depth);
            case Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Push:
                break;
            default:
                if (toStackPointer)
                    return Unknown;
                break;
        }

        return unchecked(depth - instruction.StackPointerIncrement);
    }

    private static int Changed(in Instruction instruction, int depth, int sign) =>
        instruction.Op1Kind is OpKind.Immediate8to64 or OpKind.Immediate32to64
            ? unchecked(depth + sign * (int)instruction.GetImmediate(1))
            : Unknown;

    private int Address(in Instruction instruction, int depth)
    {
        int start = instruction.MemoryBase switch
        {
            Register.RSP => depth,
            Register.RBP => _frame,
            _ => Unknown,
        };
        return start == Unknown || instruction.MemoryIndex != Register.None ? Unknown : unchecked(start - (int)instruction.MemoryDisplacement64);
    }
}
