using System.Text;

namespace Calltap.Tests.Symbols;

/// <summary>Writes nettrace streams as runtimes do (version 4).</summary>
sealed class NettraceSample : IDisposable
{
    const byte HasKind = 1, HasSequence = 2, HasThread = 4, HasStack = 8, HasActivity = 16, IsSorted = 64, HasSize = 128;

    readonly BinaryWriter _writer = new(new MemoryStream());

    public NettraceSample()
    {
        _writer.Write("Nettrace"u8);
        WriteName("!FastSerialization.1");
        Object("Trace", 4, () => _writer.Write(new byte[48]));
    }

    public void Dispose() => _writer.Dispose();

    /// <summary>The stream, with its end.</summary>
    public byte[] Bytes => [.. ((MemoryStream)_writer.BaseStream).ToArray(), 1];

    /// <summary>A block with the fields that the format asks of it.</summary>
    public void Block(string type, byte[] content) => Object(type, 2, () =>
    {
        _writer.Write(content.Length);
        while (_writer.BaseStream.Length % 4 != 0) _writer.Write((byte)0);
        _writer.Write(content);
    });

    /// <summary>The content of a block of events.</summary>
    public static byte[] Content(bool isCompressed, params (int Kind, byte[] Payload)[] blobs) => Bits(writer =>
    {
        writer.Write((ushort)20);
        writer.Write((ushort)(isCompressed ? 1 : 0));
        writer.Write(1L);
        writer.Write(2L);
        (int Kind, int Size) last = (0, 0);
        foreach ((int kind, byte[] payload) in blobs)
        {
            if (isCompressed) WriteCompressed(writer, kind, payload, ref last);
            else WriteWhole(writer, kind, payload);
        }
    });

    /// <summary>What a block of metadata has of a kind of event.</summary>
    public static byte[] Kind(int kind, string provider, int id, int version) => Bits(writer =>
    {
        writer.Write(kind);
        writer.Write(Text(provider));
        writer.Write(id);
        writer.Write(Text(""));
        writer.Write(0x38L);
        writer.Write(version);
        writer.Write(5);
        writer.Write(0);
    });

    /// <summary>A text as payloads have it.</summary>
    public static byte[] Text(string text) => Encoding.Unicode.GetBytes(text + '\0');

    /// <summary>Bytes by a writer.</summary>
    public static byte[] Bits(Action<BinaryWriter> write)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        write(writer);
        writer.Flush();
        return bytes.ToArray();
    }

    void Object(string type, int version, Action fields)
    {
        _writer.Write([5, 5, 1]);
        _writer.Write(version);
        _writer.Write(version);
        WriteName(type);
        _writer.Write((byte)6);
        fields();
        _writer.Write((byte)6);
    }

    void WriteName(string name)
    {
        _writer.Write(name.Length);
        _writer.Write(Encoding.UTF8.GetBytes(name));
    }

    static void WriteWhole(BinaryWriter writer, int kind, byte[] payload)
    {
        writer.Write(76 + payload.Length);
        writer.Write(kind | int.MinValue);
        writer.Write(new byte[68]);
        writer.Write(payload.Length);
        writer.Write(payload);
        while (writer.BaseStream.Length % 4 != 0) writer.Write((byte)0);
    }

    /// <summary>What is as in the one before is left out.</summary>
    static void WriteCompressed(BinaryWriter writer, int kind, byte[] payload, ref (int Kind, int Size) last)
    {
        bool isFirst = last == default;
        int has = IsSorted | (isFirst ? HasSequence | HasThread | HasStack | HasActivity : 0) | (kind != last.Kind ? HasKind : 0) | (payload.Length != last.Size ? HasSize : 0);
        writer.Write((byte)has);
        if ((has & HasKind) != 0) writer.Write7BitEncodedInt(kind);
        if (isFirst)
        {
            writer.Write7BitEncodedInt(300);
            writer.Write7BitEncodedInt64(long.MaxValue);
            writer.Write7BitEncodedInt(1);
            writer.Write7BitEncodedInt64(77777);
            writer.Write7BitEncodedInt(9);
        }
        writer.Write7BitEncodedInt64(123456789);
        if (isFirst) writer.Write(new byte[16]);
        if ((has & HasSize) != 0) writer.Write7BitEncodedInt(payload.Length);
        writer.Write(payload);
        last = (kind, payload.Length);
    }
}
