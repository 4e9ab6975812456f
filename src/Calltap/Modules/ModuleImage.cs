using Calltap.Code;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>A module's file-backed bytes, as the decoder wants them.</summary>
sealed class ModuleImage(ModuleSymbols symbols) : ICodeImage
{
    /// <inheritdoc/>
    public bool TryGetBytes(ImageAddress start, ByteSize size, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        if (size.Value is < 0 or > int.MaxValue) return false;
        ReadOnlyMemory<byte> rest = symbols.BytesFrom(start);
        if (rest.Length < size.Value) return false;
        bytes = rest[..(int)size.Value];
        return true;
    }
}
