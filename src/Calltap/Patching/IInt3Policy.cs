using Calltap.Native;

namespace Calltap.Patching;

/// <summary>What a thread does that hits a breakpoint of ours in a window. Called by the guard: allocates nothing.</summary>
interface IInt3Policy
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>
    /// Sets <paramref name="registers"/> to what they are after the instruction the site is becoming. On entry rip is
    /// the byte behind the breakpoint.
    /// </summary>
    /// <returns>False when it can't be answered: the window then rolls back.</returns>
    bool Answer(Poke poke, ref user_regs_struct registers, IStackAccess stack, ref TrapCounts counts);
}
