using Calltap.Symbols;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Cli.Targets;

/// <summary>Compares the code of a program in memory with its file, byte by byte.</summary>
/// <param name="Compared">Bytes compared.</param>
/// <param name="Different">Of those, bytes that differ.</param>
sealed record TextCheck(ByteSize Compared, long Different)
{
    const int Piece = 1 << 16;

    /// <summary>Compares every executable mapping of the target's own program.</summary>
    /// <exception cref="CommandException">The file can't be read.</exception>
    public static TextCheck OfExecutable(TargetProcess target)
    {
        string path = target.ExecutablePath;
        long compared = 0, different = 0;
        foreach (MemoryMapping mapping in target.ReadMappings().Where(m => m.IsExecutable && m.Path == path))
        {
            using SafeFileHandle file = target.OpenMappedFile(mapping) ?? throw CommandException.Failed($"can't read {path} to compare it with its code in memory");
            different += Differences(target, mapping, file);
            compared += mapping.Size.Value;
        }
        return new TextCheck(new ByteSize(compared), different);
    }

    static long Differences(TargetProcess target, MemoryMapping mapping, SafeFileHandle file)
    {
        byte[] live = new byte[Piece], original = new byte[Piece];
        long different = 0;
        for (long at = 0; at < mapping.Size.Value; at += Piece)
        {
            int size = (int)Math.Min(Piece, mapping.Size.Value - at);
            int read = target.ReadMemory(mapping.Start + at, live.AsSpan(0, size));
            // Behind the file's end its last page is filled with zeros.
            int onDisk = RandomAccess.Read(file, original.AsSpan(0, size), mapping.Offset.Value + at);
            original.AsSpan(onDisk, size - onDisk).Clear();
            different += size - read;
            for (int i = 0; i < read; i++)
                if (live[i] != original[i]) different++;
        }
        return different;
    }
}
