using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>How a trap ends.</summary>
enum TrapOutcome
{
    /// <summary>Ours and answered: the signal is suppressed.</summary>
    Answered,

    /// <summary>Ours; the thread waits at the site for the last pass.</summary>
    Parked,

    /// <summary>Not ours: the target gets it unchanged.</summary>
    Foreign,

    /// <summary>Ours, and left to the trap handler in the target.</summary>
    InTarget,

    /// <summary>Ours, and no answer is right: the thread stays at the site.</summary>
    Unanswerable,

    /// <summary>The thread has vanished.</summary>
    Gone,
}

/// <summary>
/// What is done with a SIGTRAP, in this order (docs/patching-protocol.md, I7): a trap that the kernel did not raise for
/// an int3, or at an address that was never a site, is the target's; a breakpoint that is gone was late and is
/// rewound; what is left is a site of the batch, and the policy answers.
/// </summary>
sealed class TrapAnswers(WindowContext window) : IStackAccess
{
    static readonly SitePolicy s_afterHeads = new(); // a breakpoint that still stands then, or stays, is nobody's to wait for

    TrapCounts _counts;

    /// <summary>What was done so far.</summary>
    public ref TrapCounts Counts => ref _counts;

    /// <summary>Answers the trap that <paramref name="tid"/> is stopped with.</summary>
    public TrapOutcome Answer(Tid tid, GuardPhase phase, out user_regs_struct registers)
    {
        registers = default;
        if (!Ptrace.GetSigInfo(tid, out siginfo_t signal).Ok || !Ptrace.GetRegs(tid, out registers).Ok) return TrapOutcome.Gone;
        ulong site = registers.rip - 1;
        if (signal.si_code != siginfo_t.SI_KERNEL || !window.KnownSites.Contains(site))
        {
            _counts.Foreign++;
            return TrapOutcome.Foreign;
        }
        if (window.AnswersInTarget) return TrapOutcome.InTarget;
        TrapOutcome outcome = AtSite(site, phase is GuardPhase.Drain or GuardPhase.Close ? s_afterHeads : window.Policy, ref registers);
        if (outcome is TrapOutcome.Answered or TrapOutcome.Parked or TrapOutcome.Unanswerable && !SetRegisters(tid, signal, registers)) return TrapOutcome.Gone;
        return outcome;
    }

    /// <summary>
    /// The signal is marked first: should this process die before it has suppressed it, it is delivered to the trap handler in the
    /// target, which by the mark and the pc knows whether it was answered.
    /// </summary>
    static bool SetRegisters(Tid tid, siginfo_t signal, in user_regs_struct registers)
    {
        signal.si_code = TrapHandlerEmitter.BeingAnswered;
        signal.si_value = TrapHandlerEmitter.Mark;
        return Ptrace.SetSigInfo(tid, signal).Ok && Ptrace.SetRegs(tid, registers).Ok;
    }

    /// <summary>All of an answer, for a thread that there is not (<see cref="Rehearsal"/>).</summary>
    internal void Rehearse(Tid nobody, ulong site)
    {
        Answer(nobody, GuardPhase.Clear, out user_regs_struct registers);
        registers.rip = site + 1;
        AtSite(site, window.Policy, ref registers);
        SetRegisters(nobody, default, registers);
        Ptrace.SetRegs(nobody, registers);
    }

    TrapOutcome AtSite(ulong site, IInt3Policy policy, ref user_regs_struct registers)
    {
        Span<byte> now = stackalloc byte[1];
        if (window.Target.ReadMemory(new TargetAddress(site), now) != 1) return TrapOutcome.Gone;
        if (now[0] != PatchBytes.Int3 && (window.Broken & BrokenRules.NoLateTraps) == 0)
        {
            // membarrier does not wait for a trap that another CPU has taken already; what is there now is right.
            _counts.Late++;
            registers.rip = site;
            return TrapOutcome.Answered;
        }
        if (!window.Answers.Now.TryGetValue(site, out Poke? poke))
        {
            _counts.Foreign++; // a breakpoint that someone else wrote over our jump
            return TrapOutcome.Foreign;
        }
        _counts.Hits++;
        switch ((poke.Site.IsBreakpoint ? s_afterHeads : policy).Answer(poke, ref registers, this, ref _counts))
        {
            case Int3Answer.Emulated: return TrapOutcome.Answered;
            case Int3Answer.Parked: return TrapOutcome.Parked;
            default:
                _counts.Misdirected++;
                registers.rip = site;
                return TrapOutcome.Unanswerable;
        }
    }

    bool IStackAccess.TryRead(TargetAddress address, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bool read = window.Target.ReadMemory(address, bytes) == bytes.Length;
        value = BitConverter.ToUInt64(bytes);
        return read;
    }

    bool IStackAccess.TryWrite(TargetAddress address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(bytes, value);
        window.Writer.Place(address, bytes);
        return true;
    }
}
