using System.Text;

namespace Calltap.Managed;

/// <summary>What is asked for with CollectTracing (ipc-protocol.md): the events of a provider, and the rundown at the end.</summary>
static class RundownRequest
{
    const uint Megabytes = 4, Nettrace = 1, Providers = 1, Critical = 1, Verbose = 5;

    /// <summary>There has to be one; nobody writes under this name.</summary>
    public const string Nobody = "Calltap";

    /// <summary>The payload of CollectTracing4.</summary>
    /// <param name="rundown">What is told at the end (<see cref="RundownKeywords"/>).</param>
    /// <param name="provider">Whose events are sent.</param>
    /// <param name="keywords">Which of them; with none only those that are critical.</param>
    public static byte[] Payload(ulong rundown, string provider = Nobody, ulong keywords = 0)
    {
        using var bytes = new MemoryStream();
        using var request = new BinaryWriter(bytes, Encoding.Unicode);
        request.Write(Megabytes);
        request.Write(Nettrace);
        request.Write(rundown);
        request.Write(false); // no stacks
        request.Write(Providers);
        request.Write(keywords);
        request.Write(keywords == 0 ? Critical : Verbose);
        WriteText(request, provider);
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
