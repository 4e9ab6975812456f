using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// The only writer of bytes into a target: pwrite on its /proc/PID/mem, which ignores page protection and breaks copy-on-write privately.
/// The build refuses any other caller of pwrite. Two verbs: <b>place</b> into memory that nobody can reach yet, and <b>write</b> over
/// bytes that are known: read, compare, write, read back. Allocates nothing unless it throws; may be used from any thread.
/// </summary>
internal sealed unsafe class TargetTextWriter(TargetProcess target)
{
    private const int CompareChunk = 4096;
    private readonly SafeFileHandle _memory = target.Memory;

    /// <summary>Fills memory that no thread of the target can reach yet.</summary>
    /// <exception cref="AttachException">The target has ended or replaced its program.</exception>
    internal void Place(TargetAddress address, ReadOnlySpan<byte> bytes) => WriteAll(address, bytes);

    /// <summary>Replaces live bytes which must be <paramref name="expected"/> now, and verifies that the new ones arrived.</summary>
    /// <exception cref="PatchMismatchException">Other bytes are there: before (nothing was written) or after.</exception>
    /// <exception cref="AttachException">The target has ended or replaced its program.</exception>
    internal void Write(TargetAddress address, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(expected.Length, bytes.Length);
        Verify(address, expected);
        WriteAll(address, bytes);
        Verify(address, bytes);
    }

    /// <summary>
    /// Replaces a run of text by an image of it that was read in the same window and changed at its sites only: every other byte is
    /// rewritten with its own value. Only for private file-backed r-x pages, once per page and pass (A16). The caller verifies afterwards.
    /// </summary>
    /// <exception cref="AttachException">The target has ended or replaced its program.</exception>
    internal void WritePage(TargetAddress address, ReadOnlySpan<byte> image) => WriteAll(address, image);

    /// <summary>Compares the target's bytes with <paramref name="expected"/>.</summary>
    /// <exception cref="PatchMismatchException">They differ.</exception>
    internal void Verify(TargetAddress address, ReadOnlySpan<byte> expected)
    {
        Span<byte> buffer = stackalloc byte[CompareChunk];
        for (int at = 0; at < expected.Length; at += CompareChunk)
        {
            ReadOnlySpan<byte> wanted = expected.Slice(at, Math.Min(CompareChunk, expected.Length - at));
            Span<byte> actual = buffer[..wanted.Length];
            int read = target.ReadMemory(address + at, actual);
            if (read < wanted.Length && target.MemoryIsGone)
                throw AttachChecks.Ended(target.Pid);
            if (!actual[..read].SequenceEqual(wanted))
                throw new PatchMismatchException(address + at, wanted, actual[..read]);
        }
    }

    private void WriteAll(TargetAddress address, ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length)
        {
            nint written = Write(address + done, bytes[done..]);
            if (written == 0)
                throw AttachChecks.Ended(target.Pid);
            if (written < 0)
                SysResult.FromLibc(written).OrThrow($"pwrite(/proc/{target.Pid}/mem, {bytes.Length - done} bytes at {address + done})");
            done += (int)written;
        }
    }

    private nint Write(TargetAddress address, ReadOnlySpan<byte> bytes)
    {
        bool held = false;
        try
        {
            _memory.DangerousAddRef(ref held);
            fixed (byte* data = bytes)
            {
#pragma warning disable RS0030 // The one place where bytes of a target are written.
                return MemoryFile.pwrite((int)_memory.DangerousGetHandle(), data, (nuint)bytes.Length, unchecked((long)address.Value));
#pragma warning restore RS0030
            }
        }
        finally
        {
            if (held)
                _memory.DangerousRelease();
        }
    }
}
