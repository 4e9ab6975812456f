namespace Calltap.Symbols;

/// <summary>A file within a .NET program that is a single file.</summary>
/// <param name="Path">Its path as it would be beside the program, such as <c>App.dll</c>.</param>
/// <param name="Offset">Where in the program's file it begins, at no particular boundary.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="CompressedSize">The bytes that it takes where it is compressed; 0 where it is not.</param>
public sealed record BundledFile(string Path, FileOffset Offset, ByteSize Size, ByteSize CompressedSize)
{
    /// <summary>Whether it is compressed: then it is no part of the program's file, and nothing of it is mapped from there.</summary>
    public bool IsCompressed => CompressedSize.Value > 0;
}
