using Calltap.Native;
using Calltap.Symbols;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// The memory file in which .NET's runtime keeps the code that it compiles: mapped twice, to be executed in one place and written in another, and shared. The kernel refuses to write
/// into such a mapping through /proc/PID/mem, but whoever has the file writes into both.
/// </summary>
/// <remarks>coreclr, minipal/Unix/doublemapping.cpp: memfd_create("doublemapper"); the descriptor stays open for the process's life.</remarks>
internal sealed class CodeFile : IDisposable
{
    private const string Link = "/memfd:doublemapper";
    private const long ViewSize = 64 << 20;

    private readonly Dictionary<long, FileView> _views = [];

    private CodeFile(int descriptor, SafeFileHandle handle, DeviceNumber device, ulong inode) => (Descriptor, Handle, Device, Inode) = (descriptor, handle, device, inode);

    /// <summary>The number of the target's descriptor.</summary>
    internal int Descriptor { get; }

    /// <summary>The same file, opened to be read and written.</summary>
    internal SafeFileHandle Handle { get; }

    private DeviceNumber Device { get; }

    private ulong Inode { get; }

    /// <summary>The part of the file that holds a word at an offset; null behind the file's end.</summary>
    /// <exception cref="SystemCallException">It can't be mapped.</exception>
    internal FileView? ViewAt(long offset)
    {
        long start = offset - (offset % ViewSize);
        if (_views.TryGetValue(start, out FileView? view))
            return view;
        long size = Math.Min(ViewSize, (long)(FileIdentity.StampOf(Handle)?.Size ?? 0) - start) & ~0xfffL;
        if (offset + sizeof(ulong) > start + size)
            return null;
        view = FileView.Map(Handle, start, size);
        _views.Add(start, view);
        return view;
    }

    /// <summary>Whether a mapping is one of compiled code.</summary>
    internal static bool IsMapped(MemoryMapping mapping) => mapping is { IsShared: true, IsExecutable: true } && mapping.Path.StartsWith(Link, StringComparison.Ordinal);

    /// <summary>Whether a mapping is of this file.</summary>
    internal bool IsIn(MemoryMapping mapping) => (mapping.Device, mapping.Inode) == (Device, Inode);

    /// <summary>Finds the file behind a mapping among the target's descriptors; null when it is not there, or may not be opened.</summary>
    internal static CodeFile? Find(Pid process, MemoryMapping mapping)
    {
        foreach (string path in ProcFiles.Descriptors(process))
        {
            if (ProcFiles.TryReadLink(path)?.StartsWith(Link, StringComparison.Ordinal) != true || !int.TryParse(Path.GetFileName(path), out int descriptor))
                continue;
            SysResult<SafeFileHandle> file = Descriptors.Open(path, Descriptors.O_RDWR);
            AttachChecks.RefuseIfOutOfFiles(file.Errno);
            if (file.Ok && FileIdentity.Inode(file.Value) == mapping.Inode)
                return new CodeFile(descriptor, file.Value, mapping.Device, mapping.Inode);
            file.Value?.Dispose();
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FileView view in _views.Values)
            view.Dispose();
        Handle.Dispose();
    }
}
