namespace Calltap.Trace;

/// <summary>The calls of a scope, in groups.</summary>
readonly struct SomeCalls(CallScope scope, CallGroups groups) : ICallPart
{
    /// <inheritdoc/>
    public bool HasOutside => scope.HasOutside;

    /// <inheritdoc/>
    public int DepthOf(int function, int caller) => scope.DepthOf(function, caller);

    /// <inheritdoc/>
    public bool Tells(int depth) => scope.Tells(depth);

    /// <inheritdoc/>
    public int GroupOf(int function, int caller) => groups.Of(function, caller);
}
