using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Cli.Output;

/// <summary>Where output goes: results to stdout, everything else to stderr. One thread.</summary>
sealed class Terminal : IDisposable
{
    const int BufferBytes = 64 * 1024;

    static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Opens both.</summary>
    public Terminal()
    {
        OutStream = OpenOut();
        Out = new StreamWriter(OutStream, s_utf8, BufferBytes) { NewLine = "\n" };
        Log = new StreamWriter(Console.OpenStandardError(), s_utf8) { AutoFlush = true, NewLine = "\n" };
    }

    /// <summary>Results. Buffered; a closed pipe shows as an <see cref="IOException"/>.</summary>
    public TextWriter Out { get; }

    /// <summary>The bytes below <see cref="Out"/>, which is to be flushed first.</summary>
    public Stream OutStream { get; }

    /// <summary>Progress, notes and errors.</summary>
    public TextWriter Log { get; }

    /// <summary>Whether a person reads the results as they come.</summary>
    public bool OutIsTerminal { get; } = !Console.IsOutputRedirected && IsCapable;

    /// <summary>Whether lines of progress may be overwritten.</summary>
    public bool LogIsTerminal { get; } = !Console.IsErrorRedirected && IsCapable;

    /// <summary>Whether colours are welcome (https://no-color.org).</summary>
    public static bool HasColours => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    static bool IsCapable => Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Says what is wrong, in one line.</summary>
    public void Error(string message) => Log.WriteLine($"calltap: {message}");

    /// <summary>Says something that does not end the command.</summary>
    public void Note(string message) => Log.WriteLine($"calltap: {message}");

    /// <inheritdoc/>
    public void Dispose()
    {
        OutStream.Dispose(); // what was to be seen is flushed by now; on an error the rest is not wanted
        Log.Dispose();
    }

    /// <summary>
    /// The runtime's console stream takes a closed pipe for a full success and would let us write on for nobody. A file stream tells,
    /// but writes at offsets of its own into a file that others may share: there the console stream is the right one.
    /// </summary>
    static Stream OpenOut()
    {
        var handle = new SafeFileHandle(1, ownsHandle: false);
        try
        {
            var stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
            return stream.CanSeek ? Console.OpenStandardOutput() : stream;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Console.OpenStandardOutput(); // closed from the start
        }
    }
}
