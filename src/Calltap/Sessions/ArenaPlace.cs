using Calltap.Modules;

namespace Calltap.Sessions;

/// <summary>Where an arena goes.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Size">Its size.</param>
/// <param name="Modules">The modules it serves.</param>
sealed record ArenaPlace(TargetAddress Start, long Size, IReadOnlySet<TargetModule> Modules)
{
    /// <summary>Bytes that its modules may need more.</summary>
    public long Lacks { get; init; }
}
