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
        using var request = new BinaryWriter(bytes, Encoding.Unicode);
        request.Write(Megabytes);
        request.Write(Nettrace);
        request.Write(keywords);
        request.Write(false); // no stacks
        request.Write(Providers);
        request.Write(0ul); // its keywords
        request.Write(Critical);
        WriteText(request, Provider);
        WriteText(request, "");
        request.Flush();
        return bytes.ToArray();
    }

    static void WriteText(BinaryWriter request, string text)
    {
        request.Write((uint)text.Length + 1);
        request.Write(Encoding.Unicode.GetBytes(text + '\0'));
    }
}
