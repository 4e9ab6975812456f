namespace Calltap.Patching;

/// <summary>
/// Where a batch is written down, in the target itself, so that another process can restore every byte after this one
/// has died.
/// </summary>
interface IPokeJournal
{
    /// <summary>These sites are about to change: from now on either bytes may be found there.</summary>
    void Changing(IReadOnlyList<Poke> pokes);

    /// <summary>They have settled: <see cref="Site.Installed"/> and <see cref="Site.State"/> hold.</summary>
    void Changed(IReadOnlyList<Poke> pokes);
}
