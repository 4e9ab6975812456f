namespace Calltap.Code;

/// <summary>A function as the symbols describe it.</summary>
/// <param name="Address">Its first byte, an <c>endbr64</c> included.</param>
/// <param name="Size">Its known size; without one the function is refused, since its end is a guess.</param>
/// <param name="Fragments">
/// Parts placed elsewhere (<c>foo.cold</c>): their exits are exits of the function, jumps between the parts are internal.
/// </param>
public sealed record CodeFunction(ImageAddress Address, ByteSize Size, IReadOnlyList<CodeRange> Fragments)
{
    /// <summary>What is known of how control reaches its first byte.</summary>
    public StartEvidence Evidence { get; init; }

    /// <summary>It belongs to Go's runtime, which runs where nothing of a goroutine is certain: left alone.</summary>
    public bool IsGoRuntime { get; init; }
}
