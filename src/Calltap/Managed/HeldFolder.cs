using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Managed;

/// <summary>A folder of a process, which may have other mounts: it is reached by its descriptor also when the process has ended.</summary>
sealed class HeldFolder : IDisposable
{
    readonly SafeFileHandle _folder;

    HeldFolder(SafeFileHandle folder) => _folder = folder;

    /// <summary>Opens it; null when there is none, or it may not be.</summary>
    public static HeldFolder? TryOpen(string path)
    {
        SysResult<SafeFileHandle> folder = Descriptors.Open(path, Descriptors.O_PATH);
        return folder.Ok ? new HeldFolder(folder.Value) : null;
    }

    /// <summary>The path of a file in it, for this process, until this is disposed.</summary>
    public string File(string name) => $"/proc/self/fd/{_folder.DangerousGetHandle()}/{name}";

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();
}
