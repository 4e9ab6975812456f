using Microsoft.Win32.SafeHandles;

namespace Calltap.Analysis.Queries;

/// <summary>stdout, such that a pipe closed by its reader shows: the runtime's own stream takes that for success.</summary>
static class StandardOutput
{
    /// <summary>Opens it. A file, which others may share, is written through the runtime's stream: another would write at offsets of its own.</summary>
    public static Stream Open()
    {
        try
        {
            var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            return stream.CanSeek ? Console.OpenStandardOutput() : stream;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Console.OpenStandardOutput(); // closed from the start
        }
    }
}
