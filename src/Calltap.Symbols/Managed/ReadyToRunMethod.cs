namespace Calltap.Symbols;

/// <summary>A method that was compiled ahead of time.</summary>
/// <param name="Address">Its first byte, relative to the image's base.</param>
/// <param name="Size">Bytes of its main body; the handlers of its exceptions are functions of their own behind it.</param>
/// <param name="Room">Bytes up to the next code: what is behind the body is padding. Behind the last code other things follow at once.</param>
/// <param name="Name">As <see cref="ManagedNames"/> writes it; null for an instance of another assembly's method, which only that one can name.</param>
/// <param name="Aliases">Other names, the one without parameters first.</param>
public sealed record ReadyToRunMethod(ImageAddress Address, ByteSize Size, ByteSize Room, string? Name, IReadOnlyList<string> Aliases)
{
    /// <summary>Bytes up to the end of the last of its handlers, which come before the next method.</summary>
    public required ByteSize Extent { get; init; }
}
