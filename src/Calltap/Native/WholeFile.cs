using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>Reads files whole.</summary>
internal static class WholeFile
{
    /// <summary>All of the file, or what there is of it when it has become shorter meanwhile.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    internal static byte[] Read(SafeFileHandle file) => Read(file, 0, RandomAccess.GetLength(file));

    /// <summary>A part of the file, or what there is of it.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    internal static byte[] Read(SafeFileHandle file, long start, long size)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)size));
        int done = 0;
        while (done < bytes.Length)
        {
            int read = RandomAccess.Read(file, bytes.AsSpan(done), start + done);
            if (read == 0) return bytes[..done];
            done += read;
        }
        return bytes;
    }
}
