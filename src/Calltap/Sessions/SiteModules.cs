using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>Tells which sites of a session that was found in a target are still those of the module that it armed.</summary>
sealed class SiteModules(TargetProcess target, byte[] header)
{
    readonly IReadOnlyList<MemoryMapping> _then = MappingTable.Read(target, header);
    PlannedMappings _now = new(target);

    /// <summary>Reads anew what is mapped.</summary>
    public void LookAgain() => _now = new PlannedMappings(target);

    /// <summary>Whether the same byte of the same file is mapped at the site as when it was armed; true as well where that is not known.</summary>
    public bool IsThere(SiteTableEntry site) =>
        site.Mapping < 1 || site.Mapping > _then.Count || (_now.Find(site.Address) is { } now && _then[site.Mapping - 1].IsSameAt(site.Address, now));
}
