using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>A trace file that is being read.</summary>
sealed class TraceFile : IDisposable
{
    readonly FileStream _stream;

    TraceFile(FileStream stream, TraceReader reader) => (_stream, Reader) = (stream, reader);

    /// <summary>Its contents.</summary>
    public TraceReader Reader { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="CommandException">There is no such file, or it is no trace.</exception>
    public static TraceFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = File.OpenRead(path);
            return new TraceFile(stream, TraceReader.Open(stream, path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TraceFormatException or NotSupportedException)
        {
            stream?.Dispose();
            throw CommandException.Failed(e is TraceFormatException ? $"{e.Message.TrimEnd('.')}: is it a trace of this version?" : $"can't read {path}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
        }
    }

    /// <summary>Says when the file is only a part, after it has been read.</summary>
    /// <returns>The exit code.</returns>
    public int Conclude(Terminal terminal)
    {
        terminal.Out.Flush();
        if (Reader.Damage is { } damage)
            terminal.Note($"damaged, read up to there: {damage.Message.TrimEnd('.')}");
        else if (!Reader.IsComplete)
            terminal.Note("the file has no end (its recording was cut off): read up to the last whole piece");
        return Reader.Damage is null && Reader.IsComplete ? ExitCode.Success : ExitCode.Nothing;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reader.Dispose();
        _stream.Dispose();
    }
}
