namespace Calltap.Benchmarks;

/// <summary>What a breakpoint costs under one policy, answered by one side.</summary>
/// <param name="Choice">The policy, and who answers.</param>
/// <param name="Traps">Breakpoints met by two threads that do nothing else, while one site's breakpoint stands.</param>
/// <param name="Stood">How long it stood.</param>
/// <param name="Arming">Arming of 50,000 functions under this policy.</param>
sealed record TrapCost(ArmingChoice Choice, long Traps, TimeSpan Stood, IReadOnlyList<ArmingRound> Arming)
{
    /// <summary>Threads that met it.</summary>
    public const int Threads = 2;

    /// <summary>Time of a thread that a trap takes, the call of the site included; of a parked one the whole wait.</summary>
    public double MicrosecondsPerTrap => Threads * Stood.TotalMicroseconds / Math.Max(1, Traps);
}
