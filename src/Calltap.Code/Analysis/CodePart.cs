namespace Calltap.Code.Analysis;

/// <summary>A contiguous part of a function, made disjoint from all other parts.</summary>
/// <param name="Function">The function's index.</param>
/// <param name="Start">The first byte.</param>
/// <param name="End">The address after the last byte.</param>
/// <param name="Limit">The start of the next part, or the section's end: padding after <paramref name="End"/> never reaches beyond.</param>
/// <param name="Truncated">Another part starts before this one's stated end: the rest belongs to that one.</param>
internal readonly record struct CodePart(int Function, ImageAddress Start, ImageAddress End, ImageAddress Limit, bool Truncated)
{
    /// <summary>Whether <paramref name="address"/> is one of the part's bytes.</summary>
    internal bool Contains(ImageAddress address) => address >= Start && address < End;
}
