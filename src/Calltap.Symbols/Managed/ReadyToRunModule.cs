namespace Calltap.Symbols;

/// <summary>What a .NET assembly says about the code that was compiled ahead of time. Immutable; any thread may read it.</summary>
public sealed class ReadyToRunModule
{
    private readonly PeImage _image;

    internal ReadyToRunModule(PeImage image) => _image = image;

    /// <summary>The path given to the reader.</summary>
    public string Path => _image.Path;

    /// <summary>Its sections, without those of use to the loader alone.</summary>
    public IReadOnlyList<LoadSegment> LoadSegments => [.. _image.Sections.Where(s => !s.IsDiscardable).Select(s => s.ToSegment())];

    /// <summary>The methods that have code, by address; no two have the same. Instances of a generic one are called like it.</summary>
    public required IReadOnlyList<ReadyToRunMethod> Methods { get; init; }

    /// <summary>How many pieces of code there are, handlers of exceptions among them.</summary>
    public required int CodePieces { get; init; }

    /// <summary>The bytes that the file holds from <paramref name="address"/> to the end of its section; empty when it holds none.</summary>
    public ReadOnlyMemory<byte> BytesFrom(ImageAddress address) => _image.BytesFrom(address.Value);
}
