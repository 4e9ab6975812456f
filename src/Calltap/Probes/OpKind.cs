namespace Calltap.Probes;

/// <summary>What an op does at the functions it wants.</summary>
public enum OpKind
{
    /// <summary>Records entry and exit events.</summary>
    Graph,

    /// <summary>Counts calls, in the target.</summary>
    Count,
}
