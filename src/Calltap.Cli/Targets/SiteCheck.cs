using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.Cli.Targets;

/// <summary>Looks at what is at a site now, apart from what the tracer believes.</summary>
static class SiteCheck
{
    /// <summary>Whether the site holds its original bytes; one whose module is unmapped has nothing to restore.</summary>
    public static bool IsOriginal(TargetProcess target, SiteTableEntry site)
    {
        Span<byte> live = stackalloc byte[PatchBytes.Length];
        return target.ReadMemory(site.Address, live) != live.Length || PatchBytes.From(live) == site.Original;
    }
}
