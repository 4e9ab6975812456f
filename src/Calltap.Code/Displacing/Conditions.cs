using Iced.Intel;

namespace Calltap.Code;

/// <summary>Condition codes as the low four bits of an opcode (SDM volume 1, appendix B).</summary>
internal static class Conditions
{
    /// <summary>The condition of a jcc, 0 (overflow) to 15 (greater).</summary>
    internal static byte NibbleOf(in Instruction instruction) => instruction.ConditionCode switch
    {
        ConditionCode.o => 0,
        ConditionCode.no => 1,
        ConditionCode.b => 2,
        ConditionCode.ae => 3,
        ConditionCode.e => 4,
        ConditionCode.ne => 5,
        ConditionCode.be => 6,
        ConditionCode.a => 7,
        ConditionCode.s => 8,
        ConditionCode.ns => 9,
        ConditionCode.p => 10,
        ConditionCode.np => 11,
        ConditionCode.l => 12,
        ConditionCode.ge => 13,
        ConditionCode.le => 14,
        ConditionCode.g => 15,
        _ => throw new ArgumentException("not a conditional jump", nameof(instruction)),
    };
}
