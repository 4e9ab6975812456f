namespace Calltap.Litmus;

/// <summary>One litmus at a time: each wants all CPUs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LitmusTests
{
    /// <summary>The collection's name.</summary>
    public const string Name = "litmus";
}
