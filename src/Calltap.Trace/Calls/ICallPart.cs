namespace Calltap.Trace;

/// <summary>Which calls are told of and how they are grouped; a struct, so that the usual answers cost nothing in the loop over the events.</summary>
interface ICallPart
{
    /// <inheritdoc cref="CallScope.HasOutside"/>
    bool HasOutside { get; }

    /// <inheritdoc cref="CallScope.DepthOf"/>
    int DepthOf(int function, int caller);

    /// <inheritdoc cref="CallScope.Tells"/>
    bool Tells(int depth);

    /// <inheritdoc cref="CallGroups.Of"/>
    int GroupOf(int function, int caller);
}
