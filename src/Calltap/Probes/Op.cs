namespace Calltap.Probes;

/// <summary>
/// One consumer of calls (the kernel's ftrace_ops): what to do, and for which functions. Added to and removed from a
/// session while the target runs.
/// </summary>
/// <param name="Kind">What it does.</param>
/// <param name="Filter">Which functions it wants.</param>
/// <param name="Name">How <c>status</c> calls it.</param>
public sealed record Op(OpKind Kind, FunctionFilter Filter, string Name)
{
    /// <summary>Parses <c>graph:GLOB</c> or <c>count:GLOB</c>.</summary>
    /// <exception cref="FormatException">Unknown action, or no pattern.</exception>
    public static Op Parse(string text, FunctionFilter common)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string action = colon < 0 ? text : text[..colon];
        OpKind kind = action switch
        {
            "graph" => OpKind.Graph,
            "count" => OpKind.Count,
            _ => throw new FormatException($"'{text}' is no op: give graph:GLOB or count:GLOB"),
        };
        IReadOnlyList<FunctionPattern> wanted =
            colon < 0 || colon == text.Length - 1 ? common.Filter : [FunctionPattern.Parse(text[(colon + 1)..])];
        return new Op(kind, common with { Filter = wanted }, text);
    }

    /// <inheritdoc/>
    public bool Equals(Op? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
