using System.CommandLine;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>A trace file that is being read.</summary>
sealed class TraceFile : IDisposable
{
    const int PartsTold = 4;

    readonly FileStream _stream;
    readonly string _path;

    TraceFile(FileStream stream, TraceReader reader, string path) => (_stream, Reader, _path) = (stream, reader, path);

    /// <summary>Its contents.</summary>
    public TraceReader Reader { get; }

    /// <summary>The option that shows what is readable of a damaged file.</summary>
    public static Option<bool> ForceOption() => new("--force") { Description = "Of a file that is damaged or cut off, show what is readable: every piece that checks out." };

    /// <summary>Opens a file. One that is damaged or has no end is refused, or else what can't be read is skipped.</summary>
    /// <exception cref="CommandException">There is no such file, it is no trace, or it is not whole.</exception>
    public static TraceFile Open(string path, bool force = false)
    {
        FileStream? stream = null;
        TraceReader? reader = null;
        try
        {
            stream = File.OpenRead(path);
            if (stream.Length == 0) throw CommandException.Failed($"{path} is empty, and no trace");
            reader = TraceReader.Open(stream, path, skipDamage: force);
            var file = new TraceFile(stream, reader, path) { IsForced = force };
            if (!force) file.RequireWhole();
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TraceFormatException or NotSupportedException or CommandException)
        {
            reader?.Dispose();
            stream?.Dispose();
            if (e is CommandException) throw;
            throw CommandException.Failed(e is TraceFormatException ? $"{e.Message.TrimEnd('.')}: is it a trace of this version?" : $"can't read {path}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
        }
    }

    /// <summary>Refuses a file that is not whole, as far as that is known: damage among the events shows when they are read. To be asked before results are shown.</summary>
    /// <exception cref="CommandException">It is not whole.</exception>
    public void RequireWhole()
    {
        if (Reader.Damage is { } damage)
            throw CommandException.Failed($"{damage.Message.TrimEnd('.')}: the file is damaged; --force shows what is readable");
        if (!Reader.IsComplete && !IsForced)
            throw CommandException.Failed($"{_path}: the file has no end (its recording was cut off); --force shows what is readable");
    }

    bool IsForced { get; init; }

    /// <summary>Says what was skipped, after the file has been read and everything is shown.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="CommandException">It is damaged, and that is not to be skipped.</exception>
    public int Conclude(Terminal terminal)
    {
        terminal.Out.Flush();
        RequireWhole();
        if (Reader.Skipped.Count > 0) terminal.Note($"{_path}: {Skipped(Reader.Skipped)}{(Reader.IsComplete ? "" : "; the file has no end")}");
        else if (!Reader.IsComplete) terminal.Note($"{_path}: the file has no end (its recording was cut off): read up to the last whole piece");
        return ExitCode.Success;
    }

    static string Skipped(SkippedParts skipped)
    {
        IEnumerable<string> parts = skipped.First.Take(PartsTold).Select(part => $"{Texts.Count(part.Size.Value)} at {part.Offset}");
        string more = skipped.Count > PartsTold ? $", and {Texts.Of(skipped.Count - PartsTold, "part")} more" : "";
        return $"skipped {Texts.Of(skipped.Count, "damaged part")} of {Texts.Of(skipped.Size.Value, "byte")}: {string.Join(", ", parts)}{more}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reader.Dispose();
        _stream.Dispose();
    }
}
