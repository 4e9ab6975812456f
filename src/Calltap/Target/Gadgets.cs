using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>
/// Instructions that an injected system call runs: of the helper's page where there is one, else, before any memory of ours is mapped, those that
/// are already in the target's text.
/// </summary>
/// <param name="SyscallReturn"><c>syscall; ret</c></param>
/// <param name="SignalReturn"><c>mov eax, 15; syscall</c> (every libc's __restore_rt); default where there is none.</param>
/// <param name="PopRax"><c>pop rax; ret</c>, used with a 15 below it where there is no <paramref name="SignalReturn"/>.</param>
internal sealed record Gadgets(TargetAddress SyscallReturn, TargetAddress SignalReturn, TargetAddress PopRax)
{
    private const int LongestMapping = 8 << 20;

    private static ReadOnlySpan<byte> SyscallReturnBytes => [0x0f, 0x05, 0xc3];

    // mov rax, 15; syscall, as glibc and musl write it; mov eax, 15; syscall.
    private static ReadOnlySpan<byte> SignalReturnBytes => [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];

    private static ReadOnlySpan<byte> ShortSignalReturnBytes => [0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05];

    private static ReadOnlySpan<byte> PopRaxBytes => [0x58, 0xc3];

    private bool IsComplete => SyscallReturn != default && (SignalReturn != default || PopRax != default);

    /// <summary>The words on the stack that lead from a <c>ret</c> to rt_sigreturn; the signal context follows right above them.</summary>
    internal ulong[] Chain =>
        SignalReturn != default
            ? [SignalReturn.Value]
            : [PopRax.Value, Native.SystemCall.NR_rt_sigreturn, SyscallReturn.Value];

    /// <summary>Looks through the executable mappings, the helper's page first: what the program has may be armed. Then the C library.</summary>
    /// <exception cref="AttachException">There are none.</exception>
    internal static Gadgets Find(TargetProcess target, IReadOnlyList<MemoryMapping> mappings)
    {
        Gadgets found = new(default, default, default);
        TargetAddress page = HelperPage.Find(target, mappings) ?? default;
        foreach (MemoryMapping mapping in mappings.Where(m => m.Start == page || IsUsable(m)).OrderBy(m => m.Start == page ? -1 : Order(m)))
        {
            byte[] text = new byte[Math.Min(mapping.Size.Value, LongestMapping)];
            found = found.With(mapping.Start, text.AsSpan(0, target.ReadMemory(mapping.Start, text)));
            if (found.IsComplete)
                return found;
        }

        throw AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}) has no `syscall; ret` in its code to start from: it cannot be attached to");
    }

    private static bool IsUsable(MemoryMapping mapping) =>
        mapping.IsExecutable && (mapping.Permissions & MappingPermissions.Read) != 0 && (mapping.IsFile || mapping.Path == "[vdso]");

    private static int Order(MemoryMapping mapping)
    {
        string name = Path.GetFileName(mapping.Path);
        return name.StartsWith("libc", StringComparison.Ordinal) || name.StartsWith("ld-", StringComparison.Ordinal) ? 0 : 1;
    }

    private Gadgets With(TargetAddress start, ReadOnlySpan<byte> text)
    {
        TargetAddress signalReturn = Locate(start, text, SignalReturnBytes);
        return new Gadgets(
            SyscallReturn != default ? SyscallReturn : Locate(start, text, SyscallReturnBytes),
            SignalReturn != default ? SignalReturn : signalReturn != default ? signalReturn : Locate(start, text, ShortSignalReturnBytes),
            PopRax != default ? PopRax : Locate(start, text, PopRaxBytes));
    }

    private static TargetAddress Locate(TargetAddress start, ReadOnlySpan<byte> text, ReadOnlySpan<byte> pattern) =>
        text.IndexOf(pattern) is >= 0 and int at ? start + at : default;
}
