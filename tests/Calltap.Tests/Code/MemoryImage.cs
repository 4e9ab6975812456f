using Calltap.Code;

namespace Calltap.Tests.Code;

/// <summary>An image in memory: pieces of bytes at addresses, everything else unreadable.</summary>
internal sealed class MemoryImage : ICodeImage
{
    private readonly List<(ImageAddress Start, byte[] Bytes)> _pieces = [];

    internal MemoryImage With(ulong start, byte[] bytes)
    {
        _pieces.Add((new(start), bytes));
        return this;
    }

    public bool TryGetBytes(ImageAddress start, ByteSize size, out ReadOnlyMemory<byte> bytes)
    {
        foreach ((ImageAddress pieceStart, byte[] piece) in _pieces)
        {
            long offset = start - pieceStart;
            if (offset < 0 || offset > piece.Length || size.Value > piece.Length - offset)
                continue;
            bytes = piece.AsMemory((int)offset, (int)size.Value);
            return true;
        }

        bytes = default;
        return false;
    }
}
