using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>Reads files whole.</summary>
internal static class WholeFile
{
    /// <summary>All of the file, or what there is of it when it has become shorter meanwhile.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    internal static byte[] Read(SafeFileHandle file)
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
}
