namespace Calltap.Target;

/// <summary>Bytes of the target are not what they must be: nothing more may be written into it (the kernel's ftrace_bug).</summary>
public sealed class PatchMismatchException(TargetAddress address, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    : Exception($"at {address}: expected {Text(expected)}, found {Text(actual)}")
{
    /// <summary>Where.</summary>
    public TargetAddress Address { get; } = address;

    /// <summary>The bytes expected there.</summary>
    public ReadOnlyMemory<byte> Expected { get; } = expected.ToArray();

    /// <summary>The bytes found; fewer when the memory could not be read to the end.</summary>
    public ReadOnlyMemory<byte> Actual { get; } = actual.ToArray();

    private static string Text(ReadOnlySpan<byte> bytes) =>
        bytes.Length <= 32 ? Convert.ToHexStringLower(bytes) : $"{Convert.ToHexStringLower(bytes[..32])}... ({bytes.Length} bytes)";
}
