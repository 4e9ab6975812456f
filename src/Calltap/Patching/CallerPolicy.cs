using Calltap.Code;
using Calltap.Native;

namespace Calltap.Patching;

/// <summary>
/// The policy <c>caller</c>: every trap becomes the call of the caller that saves all registers, whatever the site is becoming. The plan has
/// put that call, between the site's displaced instructions and the way back, where the poke's answer leads; the ops decide there.
/// </summary>
sealed class CallerPolicy : IInt3Policy
{
    readonly SitePolicy _site = new();

    /// <inheritdoc/>
    public Int3Answer Answer(Poke poke, ref user_regs_struct registers, IStackAccess stack, ref TrapCounts counts)
    {
        if (poke.Becoming.Kind != EmulatedKind.Jump) return _site.Answer(poke, ref registers, stack, ref counts); // it has no stub
        registers.rip = poke.Becoming.Target.Value;
        counts.EmulatedCalls++;
        return Int3Answer.Emulated;
    }
}
