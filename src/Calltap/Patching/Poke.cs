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
        new(site, BytesOf(site, stub), stub, EmulatedInstruction.Jump(stub.Start));

    static PatchBytes BytesOf(Site site, Stub stub) =>
        site.IsBreakpoint ? PatchBytes.Breakpoint : PatchBytes.Jump(site.Address, stub.Start, site.Original.Size);

    /// <summary>
    /// A stub's jump -> the original bytes. Meanwhile the displaced copy is executed, which is the original code at
    /// another address; an instruction simple enough is emulated itself.
    /// </summary>
    public static Poke MakeNop(Site site) =>
        new(site, site.Original, null, Restored(site));

    /// <summary>
    /// Whether threads may stand inside the region, where its tail is about to change: only where several
    /// instructions give way to one. A breakpoint that stays has no tail.
    /// </summary>
    public bool NeedsClearing => Stub is not null && !Site.IsBreakpoint && Site.Installed == Site.Original && Site.Plan.InteriorStarts.Count > 0;

    /// <summary>No change: a breakpoint that stays, and what it stands for.</summary>
    public static Poke MakeStay(Site site) => new(site, site.Installed, site.Stub, EmulatedInstruction.Jump(site.Stub!.Start));

    static EmulatedInstruction Restored(Site site)
    {
        SitePlan plan = site.Plan;
        if (plan.Class == SiteClass.Nop5) return EmulatedInstruction.Nop(site.Address + plan.Length);
        if (plan is { Kind: SiteKind.Return, TransferOffset: 0, CodeLength: 1 }) return EmulatedInstruction.Return();
        TargetAddress copy = site.Stub?.Displaced ?? throw new InvalidOperationException($"{site.Address} was never armed");
        return EmulatedInstruction.Jump(copy);
    }
}
