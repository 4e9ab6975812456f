using Calltap.Native;

namespace Calltap.Patching;

/// <summary>What a thread does that hits a breakpoint of ours in a window. Called by the guard: allocates nothing.</summary>
interface IInt3Policy
{
    /// <summary>
    /// Sets <paramref name="registers"/> to what the thread goes on with. On entry rip is the byte behind the breakpoint.
    /// </summary>
    Int3Answer Answer(Poke poke, ref user_regs_struct registers, IStackAccess stack, ref TrapCounts counts);

    /// <summary>The policy of this name.</summary>
    static IInt3Policy Of(Int3Policy policy) => policy switch
    {
        Int3Policy.Caller => new CallerPolicy(),
        Int3Policy.Park => new ParkPolicy(),
        _ => new SitePolicy(),
    };
}
