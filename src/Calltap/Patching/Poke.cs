using Calltap.Code;
using Calltap.Code.Emit;

namespace Calltap.Patching;

/// <summary>One change of one site in a batch: make call, modify call or make nop (back to the original).</summary>
/// <param name="Site">The site.</param>
/// <param name="To">The bytes it gets.</param>
/// <param name="Stub">The stub those bytes jump to; null when they are the original ones.</param>
/// <param name="Becoming">What a thread that hits the breakpoint meanwhile must do: the instruction being written.</param>
public sealed record Poke(Site Site, PatchBytes To, Stub? Stub, EmulatedInstruction Becoming)
{
    /// <summary>Original bytes or one stub's jump -> a stub's jump.</summary>
    public static Poke MakeCall(Site site, Stub stub) =>
        new(site, PatchBytes.Jump(site.Address, stub.Start, site.Original.Size), stub, EmulatedInstruction.Jump(stub.Start));

    /// <summary>
    /// A stub's jump -> the original bytes. Meanwhile the displaced copy is executed, which is the original code at
    /// another address; an instruction simple enough is emulated itself.
    /// </summary>
    public static Poke MakeNop(Site site) =>
        new(site, site.Original, null, Restored(site));

    /// <summary>
    /// Whether threads may stand inside the region, where its tail is about to change: only where several
    /// instructions give way to one.
    /// </summary>
    public bool NeedsClearing => Stub is not null && Site.Installed == Site.Original && Site.Plan.InteriorStarts.Count > 0;

    static EmulatedInstruction Restored(Site site)
    {
        SitePlan plan = site.Plan;
        if (plan.Class == SiteClass.Nop5) return EmulatedInstruction.Nop(site.Address + plan.Length);
        if (plan is { Kind: SiteKind.Return, TransferOffset: 0, CodeLength: 1 }) return EmulatedInstruction.Return();
        TargetAddress copy = site.Stub?.Displaced ?? throw new InvalidOperationException($"{site.Address} was never armed");
        return EmulatedInstruction.Jump(copy);
    }
}
