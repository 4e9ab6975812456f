using System.Globalization;
using System.Text;

namespace Calltap.Trace;

/// <summary>The parts of a trace.dat that name things: functions in the form of /proc/kallsyms, with addresses that were made, and threads.</summary>
static class TraceDatNames
{
    const ulong FirstAddress = 0x4000_0000;
    const int AddressShift = 4;

    /// <summary>The address that stands for a function.</summary>
    public static ulong AddressOf(FunctionId function) => FirstAddress + ((ulong)function.Value << AddressShift);

    /// <summary>Appends them.</summary>
    public static void Write(ByteWriter output, TraceCatalog catalog, TraceDatTracks tracks)
    {
        var text = new StringBuilder();
        foreach (FunctionId function in tracks.Functions.Order())
            text.Append(CultureInfo.InvariantCulture, $"{AddressOf(function):x16} T {WithoutSpaces(catalog.NameOf(function))}\n");
        text.Append(CultureInfo.InvariantCulture, $"{AddressOf(new FunctionId(TraceLimits.MaxFunctionId + 1)):x16} T _end\n");
        byte[] symbols = Encoding.UTF8.GetBytes(text.ToString());
        output.Word32((uint)symbols.Length);
        output.Bytes(symbols);
        output.Word32(0); // formats of trace_printk
        byte[] names = Encoding.UTF8.GetBytes(string.Concat(tracks.Tracks.Select(track => $"{track.Id} {track.Name}\n")));
        output.Word64((ulong)names.Length);
        output.Bytes(names);
    }

    // A name ends at a space, where the name of a module would follow.
    static string WithoutSpaces(string name) => string.Concat(name.Replace(", ", ",", StringComparison.Ordinal).Select(letter => char.IsWhiteSpace(letter) ? '_' : letter));
}
