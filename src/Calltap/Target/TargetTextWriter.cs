using System.Runtime.InteropServices;
using Calltap.Native;
using Calltap.Symbols;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// The only writer of bytes into a target: pwrite on its /proc/PID/mem, which ignores page protection and breaks copy-on-write privately, and a mapping of the file of
/// compiled code, which is shared memory (<see cref="CodeFile"/>).
/// The build refuses any other caller of either. Two verbs: <b>place</b> into memory that nobody can reach yet, and <b>write</b> over
/// bytes that are known: read, compare, write, read back. Allocates nothing unless it throws; may be used from any thread.
/// </summary>
internal sealed unsafe class TargetTextWriter : IDisposable
{
    private const int CompareChunk = 4096;
    private readonly SafeFileHandle _memory;
    private readonly Pid _pid;
    private readonly TargetProcess? _target;

    /// <summary>Writes into a target through the descriptor that it holds.</summary>
    internal TargetTextWriter(TargetProcess target) => (_memory, _pid, _target) = (target.Memory, target.Pid, target);

    private TargetTextWriter(Pid child, SafeFileHandle memory) => (_memory, _pid) = (memory, child);

    /// <summary>Writes into a process forked from the target, stopped by the guard; null when it is gone.</summary>
    internal static TargetTextWriter? ForForkChild(Pid child)
    {
        SysResult<SafeFileHandle> memory = Descriptors.Open(ProcFiles.Process(child, "mem"), Descriptors.O_RDWR);
        return memory.Ok ? new TargetTextWriter(child, memory.Value) : null;
    }

    /// <summary>Closes the descriptor of a fork child; a target's own stays open.</summary>
    public void Dispose()
    {
        if (_target is null) _memory.Dispose();
    }

    /// <summary>Fills memory that no thread of the target can reach yet.</summary>
    /// <exception cref="AttachException">The target has ended or replaced its program.</exception>
    internal void Place(TargetAddress address, ReadOnlySpan<byte> bytes) => WriteAll(address, bytes);

    /// <summary>Fills memory of a process that may be killed at any time. False when it was.</summary>
    internal bool TryPlace(TargetAddress address, ReadOnlySpan<byte> bytes) => Write(address, bytes) == bytes.Length;

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
    /// The same where the mapping may be one of compiled code, whose memory is written through its file: word by word, each compared and replaced in one step. Code may be freed and others' put in
    /// its place at any moment: not a byte of that is ever written over.
    /// </summary>
    /// <inheritdoc cref="Write(TargetAddress, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    internal void Write(MemoryMapping? mapping, TargetAddress address, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> bytes)
    {
        if (mapping is null || _target?.CodeFileOf(mapping) is not { } file)
        {
            Write(address, expected, bytes);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(expected.Length, bytes.Length);
        Verify(address, expected);
        long offset = mapping.OffsetAt(address).Value;
        for (int done = 0; done < bytes.Length;)
        {
            int at = (int)((offset + done) % sizeof(ulong)), count = Math.Min(sizeof(ulong) - at, bytes.Length - done);
            if (!Replace(file, offset + done - at, at, expected.Slice(done, count), bytes.Slice(done, count)))
                throw new PatchMismatchException(address, expected, bytes);
            done += count;
        }

        Verify(address, bytes);
    }

    /// <summary>Replaces some bytes of a word, if they are what is expected; the others may be changed by anybody meanwhile.</summary>
    private static bool Replace(CodeFile file, long word, int at, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> bytes)
    {
        if (file.ViewAt(word) is not { } view)
            return false;
        while (true)
        {
            ulong now = view.Word(word), next = now;
            Span<byte> replaced = MemoryMarshal.AsBytes(new Span<ulong>(ref next)).Slice(at, bytes.Length);
            if (!replaced.SequenceEqual(expected))
                return false;
            bytes.CopyTo(replaced);
#pragma warning disable RS0030 // One of the two places where bytes of a target are written.
            if (view.Replace(word, now, next))
                return true;
#pragma warning restore RS0030
        }
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
            int read = Read(address + at, actual);
            if (read < wanted.Length && _target is not { MemoryIsGone: false })
                throw AttachChecks.Ended(_pid);
            if (!actual[..read].SequenceEqual(wanted))
                throw new PatchMismatchException(address + at, wanted, actual[..read]);
        }
    }

    private int Read(TargetAddress address, Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && MemoryFile.Read(_memory, address + total, buffer[total..]) is { Ok: true, Value: > 0 } read)
            total += read.Value;
        return total;
    }

    private void WriteAll(TargetAddress address, ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length)
        {
            nint written = Write(address + done, bytes[done..]);
            if (written == 0)
                throw AttachChecks.Ended(_pid);
            if (written < 0)
                SysResult.FromLibc(written).OrThrow($"pwrite(/proc/{_pid}/mem, {bytes.Length - done} bytes at {address + done})");
            done += (int)written;
        }
    }

    private nint Write(TargetAddress address, ReadOnlySpan<byte> bytes) => Write(_memory, unchecked((long)address.Value), bytes);

    private static nint Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> bytes)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            fixed (byte* data = bytes)
            {
#pragma warning disable RS0030 // The other place where bytes of a target are written.
                return MemoryFile.pwrite((int)file.DangerousGetHandle(), data, (nuint)bytes.Length, offset);
#pragma warning restore RS0030
            }
        }
        finally
        {
            if (held)
                file.DangerousRelease();
        }
    }
}
