using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>Reads the time-stamp counter, which the runtime has no intrinsic for: four instructions on a page of our own.</summary>
internal sealed unsafe partial class TimeStampCounter : IDisposable
{
    private const int PageSize = 4096;
    private const int PROT_READ_WRITE = 3;
    private const int PROT_READ_EXEC = 5;
    private const int MAP_PRIVATE_ANONYMOUS = 0x22;

    private readonly nint _page;
    private readonly delegate* unmanaged<ulong> _read;

    internal TimeStampCounter()
    {
        _page = mmap(0, PageSize, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        SysResult.FromLibc(_page).OrThrow("mmap(4096)");
        // rdtsc; shl rdx, 32; or rax, rdx; ret
        ReadOnlySpan<byte> code = [0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3];
        // SAFETY: a page of our own, mapped above, freed in Dispose.
        code.CopyTo(new Span<byte>((void*)_page, PageSize));
        SysResult.FromLibc(mprotect(_page, PageSize, PROT_READ_EXEC)).OrThrow("mprotect(PROT_READ | PROT_EXEC)");
        _read = (delegate* unmanaged<ulong>)_page;
    }

    /// <summary>The counter now.</summary>
    internal TscTime Now => new(_read());

    /// <summary>The counter and the clock at the same moment, as nearly as a few tries find.</summary>
    internal (TscTime Tsc, MonotonicNs Clock) Together()
    {
        const int Tries = 8;
        (ulong Width, ulong Tsc, long Ns) best = (ulong.MaxValue, 0, 0);
        for (int i = 0; i < Tries; i++)
        {
            ulong before = _read();
            long ns = Clock.Now().Value;
            ulong after = _read();
            if (after - before < best.Width) best = (after - before, before + (after - before) / 2, ns);
        }
        return (new TscTime(best.Tsc), new MonotonicNs(best.Ns));
    }

    /// <inheritdoc/>
    public void Dispose() => _ = munmap(_page, PageSize);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint addr, nuint length, int prot, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mprotect(nint addr, nuint length, int prot);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint addr, nuint length);
}
