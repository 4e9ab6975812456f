using Calltap.Native;

namespace Calltap.Patching;

/// <summary>
/// The policy <c>park</c>: the thread stays stopped at the site until the last pass, and then executes what is there. One rule for every
/// kind of site; its price is that the thread waits for the rest of the batch.
/// </summary>
sealed class ParkPolicy : IInt3Policy
{
    /// <inheritdoc/>
    public Int3Answer Answer(Poke poke, ref user_regs_struct registers, IStackAccess stack, ref TrapCounts counts)
    {
        registers.rip = poke.Site.Address.Value;
        counts.Parked++;
        return Int3Answer.Parked;
    }
}
