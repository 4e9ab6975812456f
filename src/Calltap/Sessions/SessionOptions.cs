using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap;

/// <summary>How a session attaches.</summary>
public sealed record SessionOptions
{
    /// <summary>Which modules are in scope.</summary>
    public FunctionScope Scope { get; init; } = FunctionScope.Executable;

    /// <summary>Filters whose <c>@module</c> parts bring modules into scope.</summary>
    public IReadOnlyCollection<FunctionFilter> Filters { get; init; } = [];

    /// <summary>What a thread does that meets a breakpoint of ours.</summary>
    public Int3Policy Int3 { get; init; }

    /// <summary>The launcher that holds the target before its <c>main</c>; null for a running target.</summary>
    public TargetLauncher? Launcher { get; init; }
}
