using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Symbols;

namespace Calltap.Patching;

/// <summary>
/// A place in the target's text that can be patched, and what is known of it (the kernel's dyn_ftrace record). Sites
/// are never forgotten while the session lives: a late trap must still find them.
/// </summary>
public sealed class Site
{
    /// <summary>Creates the record of a site that is not armed.</summary>
    /// <param name="id">Its id in events and in the site table.</param>
    /// <param name="exitId">The id of the exit that a combined site holds; default when it holds none.</param>
    /// <param name="function">The function it belongs to.</param>
    /// <param name="plan">How its region may be replaced.</param>
    /// <param name="address">Where it is in the target.</param>
    /// <param name="region">The original bytes of its region.</param>
    public Site(SiteId id, SiteId exitId, FunctionId function, SitePlan plan, TargetAddress address, ReadOnlyMemory<byte> region)
    {
        Id = id;
        ExitId = exitId;
        Function = function;
        Plan = plan;
        Address = address;
        Region = region;
        Original = PatchBytes.From(region.Span, plan.PatchLength);
        Installed = Original;
    }

    /// <summary>The same site in a copy of the target's memory, as it is there.</summary>
    internal Site(Site original)
        : this(original.Id, original.ExitId, original.Function, original.Plan, original.Address, original.Region) =>
        (MayVanish, IsTransient, Installed, Mapping, State, Stub, Refusal) = (original.MayVanish, original.IsTransient, original.Installed, original.Mapping, original.State, original.Stub, original.Refusal);

    /// <summary>Its id.</summary>
    public SiteId Id { get; }

    /// <summary>The id of the exit of a combined site.</summary>
    public SiteId ExitId { get; }

    /// <summary>The function.</summary>
    public FunctionId Function { get; }

    /// <summary>How it may be replaced.</summary>
    public SitePlan Plan { get; }

    /// <summary>Its address.</summary>
    public TargetAddress Address { get; }

    /// <summary>The original bytes of the region.</summary>
    public ReadOnlyMemory<byte> Region { get; }

    /// <summary>The first five or six original bytes: those that are replaced.</summary>
    public PatchBytes Original { get; }

    /// <summary>What is at the site now.</summary>
    public PatchBytes Installed { get; set; }

    /// <summary>What was mapped at its address when its bytes were changed first; null where another tracer did that.</summary>
    public MemoryMapping? Mapping { get; set; }

    /// <summary>Its code may be freed at any time, and other code put there: that of .NET's compiler. No mapping tells.</summary>
    public bool MayVanish { get; init; }

    /// <summary>Its code will be freed: a dynamic method's.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Whether it is armed by a breakpoint that stays.</summary>
    public bool IsBreakpoint => Plan.Class == SiteClass.Breakpoint;

    /// <summary>State of the bytes.</summary>
    public SiteState State { get; set; }

    /// <summary>The stub it jumps to, or jumped to last.</summary>
    public Stub? Stub { get; set; }

    /// <summary>Why it was left out of the last batch; null when it was not.</summary>
    public string? Refusal { get; set; }
}
