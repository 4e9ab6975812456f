namespace Calltap.Symbols;

/// <summary>Code known by its bytes not to be what it seems, also where a stripped file has no name for it.</summary>
internal static class SpecialCode
{
    private const int CancellationPointBytes = 64; // musl's has 36, glibc's 50

    private static ReadOnlySpan<byte> EndBranch => [0xF3, 0x0F, 0x1E, 0xFA];

    private static ReadOnlySpan<byte> SystemCall => [0x0F, 0x05];

    // mov rax, 15 (or mov eax, 15); syscall: rt_sigreturn.
    private static ReadOnlySpan<byte> SignalReturn => [0x48, 0xC7, 0xC0, 0x0F, 0, 0, 0, 0x0F, 0x05];

    private static ReadOnlySpan<byte> ShortSignalReturn => [0xB8, 0x0F, 0, 0, 0, 0x0F, 0x05];

    /// <param name="code">The bytes from the start of a candidate on.</param>
    public static string? ReasonFor(ReadOnlySpan<byte> code)
    {
        if (code.StartsWith(SignalReturn) || code.StartsWith(ShortSignalReturn))
            return ExclusionReasons.SignalTrampoline;
        if (code.StartsWith(EndBranch))
            code = code[EndBranch.Length..];
        return AsksForRequest(code) && code[..Math.Min(code.Length, CancellationPointBytes)].IndexOf(SystemCall) >= 0
            ? ExclusionReasons.CancellationPoint
            : null;
    }

    // mov eax, [rdi], where the request to cancel is kept; test eax, eax (musl) or test al, imm8 (glibc); jne.
    private static bool AsksForRequest(ReadOnlySpan<byte> code) =>
        code is [0x8B, 0x07, 0x85, 0xC0, ..] or [0x8B, 0x07, 0xA8, ..] && code[4..] is [0x75, ..] or [0x0F, 0x85, ..];
}
