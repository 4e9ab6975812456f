namespace Calltap.Benchmarks;

/// <summary>One arming and disarming of all plain functions in a program that had never been traced.</summary>
/// <param name="Attach">Attaching: reading symbols, analysing the code, mapping memory.</param>
/// <param name="Add">The whole of adding the op: helper, plan, stubs, window.</param>
/// <param name="Armed">How arming went.</param>
/// <param name="Stop">The whole of disarming and finishing the file.</param>
/// <param name="Disarmed">How disarming went.</param>
/// <param name="ArmStallStep">In which step of the window <paramref name="ArmStall"/> fell.</param>
/// <param name="ArmStall">The longest time a thread was kept from its work in the window that armed, run delay taken off.</param>
/// <param name="DisarmStall">The same in the window that disarmed.</param>
/// <param name="AddStall">The same from before the op was added to after it.</param>
/// <param name="QuietStall">The same in a stretch as long as the window, before anything was attached.</param>
/// <param name="QuietAddStall">The same in a stretch as long as <paramref name="Add"/>.</param>
/// <param name="TextRestored">The program's text is byte for byte what it was.</param>
sealed record ArmingRound(
    TimeSpan Attach, TimeSpan Add, ArmReport Armed, TimeSpan Stop, ArmReport Disarmed,
    string ArmStallStep, TimeSpan ArmStall, TimeSpan DisarmStall, TimeSpan AddStall, TimeSpan QuietStall, TimeSpan QuietAddStall, bool TextRestored)
{
    /// <summary>Sites that should have changed and did not.</summary>
    public int Left => Armed.Refused.Count + Armed.Batch.Refused.Count + Disarmed.Batch.Refused.Count;

    /// <summary>Whether it counts: every function armed, every byte put back.</summary>
    public bool Complete => Armed.Armed == BenchTarget.FunctionCount && Left == 0 && TextRestored;
}
