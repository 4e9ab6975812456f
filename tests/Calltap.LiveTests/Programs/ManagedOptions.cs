namespace Calltap.LiveTests.Programs;

/// <summary>How <see cref="ManagedProgram"/> is run.</summary>
sealed record ManagedOptions
{
    /// <summary>Threads that work; a kind "gc" adds one that collects.</summary>
    public int Threads { get; init; } = 8;

    /// <summary>What they do, of those in targets/managed/Program.cs; empty for all.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    /// <summary>Variables of its environment, such as <c>DOTNET_gcServer=1</c>. Those of the tests that begin with DOTNET_ are not passed on.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>A command that becomes the program, which is added to its arguments (exec): the process id must stay.</summary>
    public IReadOnlyList<string> Through { get; init; } = [];
}
