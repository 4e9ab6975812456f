using Calltap.Code;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>Compiled code and its tables, as they are in the target.</summary>
sealed class CodeImage(TargetProcess target) : ICodeImage
{
    /// <inheritdoc/>
    public bool TryGetBytes(ImageAddress start, ByteSize size, out ReadOnlyMemory<byte> bytes)
    {
        var buffer = new byte[size.Value];
        bytes = buffer;
        return target.ReadMemory(new TargetAddress(start.Value), buffer) == buffer.Length;
    }
}
