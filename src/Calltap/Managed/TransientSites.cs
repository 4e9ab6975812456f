using Calltap.Code;

namespace Calltap.Managed;

/// <summary>
/// Which sites of a method may be armed whose code is freed at any time, and the memory used again: those whose whole region one step can compare and change, so that
/// no byte of ours comes into code in which it means something else: where a method was freed before it could be armed, and the bytes are the same, so is what the stub does for them; and nothing but a jump of ours is ever taken for one.
/// </summary>
static class TransientSites
{
    const int Word = sizeof(ulong);
    const byte Jump = 0xe9, Prefix = 0x2e, Int3 = 0xcc; // with which our bytes begin

    /// <summary>The plan without the others.</summary>
    public static FunctionPlan Of(FunctionPlan plan)
    {
        if (plan.Entry is not { } entry) return plan;
        if (!MayBe(entry)) return plan with { Entry = null, EntryRefusal = RefusalReason.DynamicMethod, Exits = [], RefusedExits = [] };
        return plan with
        {
            Exits = [.. plan.Exits.Where(MayBe)],
            RefusedExits = [.. plan.RefusedExits.Select(exit => exit with { Breakpoint = null }), .. plan.Exits.Where(exit => !MayBe(exit)).Select(exit => new RefusedExit(exit.Address + exit.TransferOffset, RefusalReason.DynamicMethod))],
        };
    }

    static bool MayBe(SitePlan site) =>
        (int)(site.Address.Value % Word) + Math.Max(site.PatchLength, site.Length) <= Word && site.Original.ToArray(1)[0] is not (Jump or Prefix or Int3);
}
