using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.Following;

/// <summary>How the processes of a tree are attached to.</summary>
public sealed record FollowOptions
{
    /// <summary>Which modules of each are in scope.</summary>
    public required FunctionScope Scope { get; init; }

    /// <summary>Filters whose <c>@module</c> parts bring modules into scope.</summary>
    public required IReadOnlyCollection<FunctionFilter> Filters { get; init; }

    /// <summary>What will be done: a process in which no op wants a function is followed without a session.</summary>
    public required IReadOnlyCollection<Op> Ops { get; init; }

    /// <summary>Where analyses are kept; null when nowhere.</summary>
    public AnalysisCache? Cache { get; init; }

    /// <summary>What a thread does that meets a breakpoint of ours.</summary>
    public Int3Policy Int3 { get; init; }

    /// <summary>See <see cref="TraceSession.WithoutPtrace"/>.</summary>
    public bool WithoutPtrace { get; init; }

    /// <summary>A rule that is left out, for tests: calls that our tracing makes fail are made again.</summary>
    internal bool CallsNotRepeated { get; init; }
}
