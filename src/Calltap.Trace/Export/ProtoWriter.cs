using System.Text;

namespace Calltap.Trace;

/// <summary>
/// Writes fields in the wire format of protocol buffers, which is as short as this: a library would want classes made from a schema for a dozen fields.
/// A nested message is written in place, behind one byte for its length that is moved when it is longer.
/// </summary>
sealed class ProtoWriter
{
    const int VarintType = 0, BytesType = 2;

    readonly ByteWriter _bytes = new();

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.Written;

    /// <summary>Starts afresh.</summary>
    public void Clear() => _bytes.Clear();

    /// <summary>An unsigned number, or one that is not negative.</summary>
    public void Number(int field, ulong value)
    {
        Key(field, VarintType);
        _bytes.Number(value);
    }

    /// <summary>UTF-8.</summary>
    public void Text(int field, string value)
    {
        Key(field, BytesType);
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        _bytes.Number((ulong)bytes.Length);
        _bytes.Bytes(bytes);
    }

    /// <summary>Begins a message; what follows up to <see cref="End"/> is in it.</summary>
    /// <returns>Where it begins.</returns>
    public int Begin(int field)
    {
        Key(field, BytesType);
        _bytes.Take(1);
        return _bytes.Length;
    }

    /// <summary>Ends the message that begins at <paramref name="start"/>.</summary>
    public void End(int start) => _bytes.Replace(start - 1, (ulong)(_bytes.Length - start));

    void Key(int field, int type) => _bytes.Number((ulong)((field << 3) | type));
}
