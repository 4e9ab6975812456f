using Calltap.Code;
using Calltap.Native;

namespace Calltap.Patching;

/// <summary>
/// The policy <c>site</c>: emulates what the site found at trap time is becoming (the kernel's int3_emulate_jmp, _call
/// and their kin). The site decides, not a default, so no thread is sent to a trampoline that nobody wants there.
/// </summary>
sealed class SitePolicy : IInt3Policy
{
    /// <inheritdoc/>
    public Int3Answer Answer(Poke poke, ref user_regs_struct registers, IStackAccess stack, ref TrapCounts counts)
    {
        EmulatedInstruction becoming = poke.Becoming;
        ulong top = 0;
        if (becoming.Kind == EmulatedKind.Return && !stack.TryRead(new TargetAddress(registers.rsp), out top)) return Int3Answer.None;
        var before = new RegisterBlock { Rip = new(registers.rip), Rsp = new(registers.rsp), Rflags = registers.eflags };
        RegisterBlock after = Emulator.Apply(before, becoming, top, out StackStore? store);
        if (store is { } word && !stack.TryWrite(word.Address, word.Value)) return Int3Answer.None;
        registers.rip = after.Rip.Value;
        registers.rsp = after.Rsp.Value;
        Count(becoming.Kind, ref counts);
        return Int3Answer.Emulated;
    }

    static void Count(EmulatedKind kind, ref TrapCounts counts)
    {
        switch (kind)
        {
            case EmulatedKind.Call: counts.EmulatedCalls++; break;
            case EmulatedKind.Nop: counts.EmulatedNops++; break;
            case EmulatedKind.Return: counts.EmulatedReturns++; break;
            default: counts.EmulatedJumps++; break;
        }
    }
}
