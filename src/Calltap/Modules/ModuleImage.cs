using Calltap.Code;

namespace Calltap.Modules;

/// <summary>A module's file-backed bytes, as the decoder wants them.</summary>
/// <param name="bytesFrom">Gives the bytes of the file from an address to the end of what is mapped with it.</param>
sealed class ModuleImage(Func<ImageAddress, ReadOnlyMemory<byte>> bytesFrom) : ICodeImage
{
    /// <inheritdoc/>
    public bool TryGetBytes(ImageAddress start, ByteSize size, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        if (size.Value is < 0 or > int.MaxValue) return false;
        ReadOnlyMemory<byte> rest = bytesFrom(start);
        if (rest.Length < size.Value) return false;
        bytes = rest[..(int)size.Value];
        return true;
    }
}
