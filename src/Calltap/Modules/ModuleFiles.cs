using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>Reads files of modules, and the debug files beside them.</summary>
static class ModuleFiles
{
    /// <summary>The whole file.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public static byte[] ReadAll(SafeFileHandle file)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)RandomAccess.GetLength(file)));
        int done = 0;
        while (done < bytes.Length)
        {
            int read = RandomAccess.Read(file, bytes.AsSpan(done), done);
            if (read == 0) return bytes[..done];
            done += read;
        }
        return bytes;
    }

    /// <summary>The whole file; null when there is none, or it may not be read.</summary>
    public static ReadOnlyMemory<byte>? TryRead(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Deletes a file where that can be done.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays.
        }
    }
}
