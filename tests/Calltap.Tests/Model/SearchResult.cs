namespace Calltap.Tests.Model;

/// <summary>What a search has found.</summary>
/// <param name="States">How many states it has seen.</param>
/// <param name="Counterexample">The shortest way to a fault, step by step; empty when there is none.</param>
sealed record SearchResult(int States, IReadOnlyList<string> Counterexample)
{
    public override string ToString() => Counterexample.Count == 0
        ? $"{States:N0} states, no fault"
        : string.Join('\n', Counterexample.Select((move, i) => $"{i + 1,3}  {move}"));
}
