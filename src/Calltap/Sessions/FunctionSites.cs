using Calltap.Modules;
using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>A function's sites.</summary>
/// <param name="Function">The function.</param>
/// <param name="Entry">Its entry.</param>
/// <param name="Exits">Its exits that can be patched.</param>
sealed record FunctionSites(TargetFunction Function, Site Entry, IReadOnlyList<Site> Exits)
{
    /// <summary>Ids of its sites: they follow one another, from the entry's on.</summary>
    public uint SiteIds => (Exits.Count > 0 ? Math.Max(Last(Exits[^1]), Last(Entry)) : Last(Entry)) - Entry.Id.Value + 1;

    static uint Last(Site site) => Math.Max(site.Id.Value, site.ExitId.Value);

    /// <summary>What the entry is armed for now.</summary>
    public Want Armed { get; set; }

    /// <summary>
    /// Whether every site is as <paramref name="want"/> has it. A batch may leave a site out, of the entry or an exit:
    /// the next one takes it up again.
    /// </summary>
    public bool IsWhole(Want want) =>
        Entry.State == (want.Any ? SiteState.Armed : SiteState.Original)
        && Exits.All(exit => exit.State == (want.Graph != 0 ? SiteState.Armed : SiteState.Original));
}
