using Calltap.Cli.Output;

namespace Calltap.Cli.Commands;

/// <summary>Where an export goes. A file that was made for it and not finished is taken away; one that was there before may be a device.</summary>
sealed class ExportOutput : IDisposable
{
    const string StandardOutput = "-";

    readonly Terminal _terminal;
    readonly string? _path;
    readonly List<(FileStream Stream, bool IsNew)> _files = [];
    bool _isFinished;

    ExportOutput(Terminal terminal, string? path) => (_terminal, _path) = (terminal, path);

    /// <summary>What was written to: a path, or stdout.</summary>
    public string Name => _path ?? "stdout";

    /// <summary>Whether it is a path.</summary>
    public bool IsPath => _path is not null;

    /// <summary>Bytes written to files.</summary>
    public ByteSize Size { get; private set; }

    /// <summary>The output for a format; nothing is opened yet.</summary>
    /// <param name="terminal">With stdout.</param>
    /// <param name="path">As given; null or <c>-</c>: stdout.</param>
    /// <param name="format">What is to be written.</param>
    /// <exception cref="CommandException">It can't go there.</exception>
    public static ExportOutput For(Terminal terminal, string? path, ExportFormat format)
    {
        if (path is not (null or StandardOutput))
        {
            if (format.Shape == ExportShape.Folder && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
                throw CommandException.Failed($"{path} is there already and not empty: --format {format.Name} makes a folder of its own");
            return new ExportOutput(terminal, path);
        }

        if (format.Shape is ExportShape.File or ExportShape.Folder)
            throw CommandException.Usage($"--format {format.Name} makes a {(format.Shape == ExportShape.File ? "file" : "folder")} and can't go to stdout: give -o {(format.Shape == ExportShape.File ? "FILE" : "FOLDER")}");
        bool isTerminal = !Console.IsOutputRedirected;
        if (isTerminal && format.Shape == ExportShape.Binary)
            throw CommandException.Usage($"--format {format.Name} is binary and stdout a terminal: give -o FILE");
        if (isTerminal && path is null && format.Shape == ExportShape.Text)
            throw CommandException.Usage($"--format {format.Name} is for programs and stdout a terminal: give -o FILE (-o - writes it here)");
        return new ExportOutput(terminal, null);
    }

    /// <summary>Opens the one file, or stdout. It stays open until this is disposed.</summary>
    public Stream Open()
    {
        if (_path is null)
        {
            _terminal.Out.Flush();
            return _terminal.OutStream;
        }

        return Create(_path);
    }

    /// <summary>Opens a file of this name in the folder, which is made with the first.</summary>
    public Stream Open(string name)
    {
        Directory.CreateDirectory(_path!);
        return Create(Path.Combine(_path!, name));
    }

    /// <summary>All is written: it stays.</summary>
    /// <exception cref="IOException">A file failed at last.</exception>
    public void Finish()
    {
        foreach ((FileStream file, _) in _files)
        {
            file.Dispose();
            if (File.Exists(file.Name)) Size = new ByteSize(Size.Value + new FileInfo(file.Name).Length);
        }
        _isFinished = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isFinished) return;
        foreach ((FileStream file, bool isNew) in _files)
        {
            if (file.CanWrite) file.SafeFileHandle.Dispose(); // without what is in its buffer, which may be what can't be written
            if (isNew) File.Delete(file.Name);
        }
    }

    FileStream Create(string path)
    {
        // None: the lock that goes with it can't be had for the trace that is being read, which so is not written over. A file is cut behind its lock.
        bool isNew = !File.Exists(path);
        var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 64 << 10);
        _files.Add((file, isNew));
        return file;
    }
}
