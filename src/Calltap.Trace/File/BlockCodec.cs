using ZstdSharp;

namespace Calltap.Trace;

/// <summary>
/// Blocks: u8 how, number of bytes uncompressed, number of bytes stored, the bytes. zstd level 1, or stored when that is no longer.
/// Not thread-safe.
/// </summary>
sealed class BlockCodec : IDisposable
{
    const byte Stored = 0;
    const byte Zstd = 1;
    const int Level = 1;

    readonly Compressor _compressor = new(Level);
    readonly Decompressor _decompressor = new();
    byte[] _scratch = [];

    /// <summary>Appends <paramref name="raw"/> as a block.</summary>
    public void Write(ReadOnlySpan<byte> raw, ByteWriter output)
    {
        int bound = Compressor.GetCompressBound(raw.Length);
        if (_scratch.Length < bound)
            _scratch = new byte[bound];
        int packed = raw.IsEmpty ? 0 : _compressor.Wrap(raw, _scratch);
        bool smaller = packed < raw.Length;
        ReadOnlySpan<byte> bytes = smaller ? _scratch.AsSpan(0, packed) : raw;
        output.Take(1)[0] = smaller ? Zstd : Stored;
        output.Number((ulong)raw.Length);
        output.Number((ulong)bytes.Length);
        output.Bytes(bytes);
    }

    /// <summary>Reads a block of any size into a buffer that lasts until the next call.</summary>
    public ReadOnlySpan<byte> Read(ref ByteReader input, ChunkPlace place)
    {
        byte how = input.Bytes(1)[0];
        int length = input.Number(TraceLimits.MaxBlockBytes, "a block size");
        if (_scratch.Length < length)
            _scratch = new byte[length];
        Unpack(how, ref input, _scratch.AsSpan(0, length), place);
        return _scratch.AsSpan(0, length);
    }

    /// <summary>Reads a block's size and kind, so that the caller can make room for it.</summary>
    public static (byte How, int Length) ReadHead(ref ByteReader input) =>
        (input.Bytes(1)[0], input.Number(TraceLimits.MaxBlockBytes, "a block size"));

    /// <summary>Reads the rest of a block into <paramref name="output"/>, which has its uncompressed size.</summary>
    public void Unpack(byte how, ref ByteReader input, Span<byte> output, ChunkPlace place)
    {
        ReadOnlySpan<byte> stored = input.Bytes(input.Number(input.Left, "a stored size"));
        if (how == Stored && stored.Length == output.Length)
            stored.CopyTo(output);
        else if (how != Zstd || !TryUnpack(stored, output, place))
            throw place.Expected("a block that unpacks to its size");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _compressor.Dispose();
        _decompressor.Dispose();
    }

    bool TryUnpack(ReadOnlySpan<byte> stored, Span<byte> output, ChunkPlace place)
    {
        try
        {
            return _decompressor.Unwrap(stored, output) == output.Length;
        }
        catch (ZstdException failure)
        {
            throw place.Expected("zstd data", failure);
        }
    }
}
