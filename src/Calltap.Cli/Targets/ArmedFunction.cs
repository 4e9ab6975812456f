namespace Calltap.Cli.Targets;

/// <summary>A function that is armed, as <c>status --functions</c> shows it.</summary>
/// <param name="Name">Its name; its address where none is known, or none was asked for.</param>
/// <param name="Module">The file it is in.</param>
/// <param name="Address">Its entry.</param>
/// <param name="Ops">The ops that want it.</param>
/// <param name="Caller">What serves them: <c>graph</c> or <c>count</c> for one op, <c>list</c> for several.</param>
/// <param name="Trampoline">Where that is.</param>
sealed record ArmedFunction(
    string Name, string Module, TargetAddress Address, IReadOnlyList<string> Ops, string Caller, TargetAddress Trampoline);
