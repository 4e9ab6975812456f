using System.Text;

namespace Calltap.Managed;

/// <summary>What is asked for with CollectTracing (ipc-protocol.md): events of nobody, but the rundown at the end.</summary>
static class RundownRequest
{
    const uint Megabytes = 4, Nettrace = 1, Providers = 1, Critical = 1;
    const string Provider = "Calltap"; // there has to be one; nobody writes under this name

    /// <summary>The payload of CollectTracing4.</summary>
    public static byte[] Payload(ulong keywords)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.Unicode);
        writer.Write(Megabytes);
        writer.Write(Nettrace);
        writer.Write(keywords);
        writer.Write(false); // no stacks
        writer.Write(Providers);
        writer.Write(0ul); // its keywords
        writer.Write(Critical);
        WriteText(writer, Provider);
        WriteText(writer, "");
        writer.Flush();
        return bytes.ToArray();
    }

    static void WriteText(BinaryWriter writer, string text)
    {
        writer.Write((uint)text.Length + 1);
        writer.Write(Encoding.Unicode.GetBytes(text + '\0'));
    }
}
