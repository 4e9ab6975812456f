using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>Which instructions of a region may fault on a reference that leads nowhere: by the rule that tells of the region (<see cref="ManagedRules.MayFault"/>), of which a frame pointer is not known here.</summary>
public static class FaultingInstructions
{
    /// <summary>Their offsets; none in a region of which none may.</summary>
    public static OffsetSet Of(SitePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        OffsetSet faulting = default;
        if (!plan.MayFault)
            return faulting;
        var decoder = Decoder.Create(64, plan.Original.ToArray(plan.CodeLength), plan.Address.Value);
        while (decoder.IP < plan.Address.Value + (ulong)plan.CodeLength)
        {
            decoder.Decode(out Instruction instruction);
            if (ManagedRules.MayFault(instruction, InstructionKinds.Of(instruction), hasFramePointer: false))
                faulting = faulting.With((int)(instruction.IP - plan.Address.Value));
        }

        return faulting;
    }
}
