using Calltap.Modules;
using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>A function's sites.</summary>
/// <param name="Function">The function.</param>
/// <param name="Entry">Its entry.</param>
/// <param name="Exits">Its exits that can be patched.</param>
sealed record FunctionSites(TargetFunction Function, Site Entry, IReadOnlyList<Site> Exits)
{
    /// <summary>What the entry is armed for now.</summary>
    public Want Armed { get; set; }
}
