using Calltap.Sessions;
using Calltap.Trace;

namespace Calltap;

/// <summary>A function whose ops changed.</summary>
/// <param name="Function">The function.</param>
/// <param name="Kind">What that does to its events.</param>
public readonly record struct FunctionChange(FunctionId Function, ArmingKind Kind)
{
    /// <summary>
    /// The change from one set of ops to another. What counts is whether exits begin or cease to be recorded: a count op that comes or
    /// goes beside a graph op changes the entry's form only.
    /// </summary>
    /// <param name="before">What the function is armed for.</param>
    /// <param name="after">What it will be armed for.</param>
    /// <param name="isWhole">Whether every site is as <paramref name="before"/> has it; if not, exits left out are armed now.</param>
    internal static ArmingKind KindOf(Want before, Want after, bool isWhole)
    {
        bool recorded = before.Graph != 0, records = after.Graph != 0;
        if (!after.Any || (recorded && !records)) return ArmingKind.Disarmed;
        if (!before.Any || (records && !(recorded && isWhole))) return ArmingKind.Armed;
        return ArmingKind.Modified;
    }
}
