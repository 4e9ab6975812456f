using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>For restoring: the site table keeps what it says, so that it can be done again if this tracer dies too.</summary>
sealed class NoJournal : IPokeJournal
{
    /// <inheritdoc/>
    public void Changing(IReadOnlyList<Poke> pokes)
    {
    }

    /// <inheritdoc/>
    public void Changed(IReadOnlyList<Poke> pokes)
    {
    }
}
