namespace Calltap.Code;

/// <summary>
/// The bytes of one module at link-time addresses: code, and the read-only data that holds jump tables. Tables of absolute addresses
/// are understood only when the image shows them relocated to link-time addresses (R_X86_64_RELATIVE addends applied without the bias).
/// </summary>
/// <remarks>Called from several threads at once. The content is hostile: it may end or be unreadable anywhere.</remarks>
public interface ICodeImage
{
    /// <summary>Reads <paramref name="size"/> bytes at <paramref name="start"/>.</summary>
    /// <param name="start">The first byte wanted.</param>
    /// <param name="size">How many bytes.</param>
    /// <param name="bytes">Exactly <paramref name="size"/> bytes on success; must stay unchanged during an analysis.</param>
    /// <returns>Whether every byte is there.</returns>
    bool TryGetBytes(ImageAddress start, ByteSize size, out ReadOnlyMemory<byte> bytes);
}
