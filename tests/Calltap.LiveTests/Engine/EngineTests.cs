namespace Calltap.LiveTests.Engine;

/// <summary>Tests that arm live programs run one after another: a window is short when the machine is not busy with another test.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EngineTests
{
    /// <summary>The collection's name.</summary>
    public const string Name = "engine";

    /// <summary>How long a program may take for what it is asked.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);
}
