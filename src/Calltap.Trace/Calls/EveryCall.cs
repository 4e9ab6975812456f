namespace Calltap.Trace;

/// <summary>Every call, by function.</summary>
readonly struct EveryCall : ICallPart
{
    /// <inheritdoc/>
    public bool HasOutside => false;

    /// <inheritdoc/>
    public int DepthOf(int function, int caller) => caller + 1;

    /// <inheritdoc/>
    public bool Tells(int depth) => true;

    /// <inheritdoc/>
    public int GroupOf(int function, int caller) => function;
}
