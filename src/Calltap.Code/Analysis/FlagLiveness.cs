using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>Whether the arithmetic flags are dead at an entry.</summary>
internal static class FlagLiveness
{
    // A prologue that has not overwritten all flags by then is rarer than the time it would take is worth.
    private const int MaxInstructions = 32;
    private const RflagsBits All = RflagsBits.CF | RflagsBits.PF | RflagsBits.AF | RflagsBits.ZF | RflagsBits.SF | RflagsBits.OF;

    /// <summary>Reads on from the reader's position: true when all six flags are overwritten before one is read and before any transfer.</summary>
    internal static bool DeadFrom(InstructionReader reader)
    {
        RflagsBits live = All;
        for (int i = 0; i < MaxInstructions && reader.TryRead(out Instruction instruction); i++)
        {
            if (instruction.IsInvalid || instruction.FlowControl != FlowControl.Next || (instruction.RflagsRead & live) != 0)
                return false;
            if (!MayLeaveFlags(instruction))
                live &= ~instruction.RflagsModified;
            if (live == RflagsBits.None)
                return true;
        }

        return false;
    }

    // A shift or rotate by a zero count and a string instruction repeated zero times change no flag (SDM volume 2).
    private static bool MayLeaveFlags(in Instruction instruction) =>
        instruction.IsStringInstruction || instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Shld
            or Mnemonic.Shrd or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr;
}
