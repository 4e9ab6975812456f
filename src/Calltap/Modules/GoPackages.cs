namespace Calltap.Modules;

/// <summary>Tells by its symbol to which package a function of Go belongs (cmd/link, package path and name).</summary>
static class GoPackages
{
    // syscall: between the fork and the exec of a child its functions run in memory that both share. The others are called by the runtime itself.
    static readonly string[] s_runtime = ["runtime", "syscall", "sync/atomic", "internal/abi", "internal/bytealg", "internal/byteorder", "internal/chacha8rand", "internal/cpu", "internal/godebugs", "internal/stringslite"];
    // fips140: the bytes of its code are hashed when the program begins (crypto/internal/fips140/check).
    static readonly string[] s_below = ["runtime/internal/", "internal/runtime/", "runtime/cgo", "crypto/internal/fips140"];

    // What the compiler and the linker make: "type:.eq.T", before Go 1.20 "type..eq.T".
    static readonly string[] s_made = ["type.", "type:", "go.", "go:"];

    /// <summary>Whether it is the runtime, belongs to it, or has no package: what the linker and the assembler make for it.</summary>
    /// <param name="symbol">The function's symbol; null where it has none.</param>
    public static bool IsRuntime(string? symbol) =>
        PackageOf(symbol) is not { } package || s_runtime.Contains(package) || s_below.Any(prefix => package.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The path of its package, as in "net/http" of "net/http.(*conn).serve"; null for what has none: "type:.eq.T", "_rt0_amd64".</summary>
    public static string? PackageOf(string? symbol)
    {
        if (symbol is null || s_made.Any(prefix => symbol.StartsWith(prefix, StringComparison.Ordinal))) return null;
        // Type arguments have paths of their own.
        int end = symbol.AsSpan().IndexOfAny('[', '(');
        ReadOnlySpan<char> plain = end < 0 ? symbol : symbol.AsSpan(0, end);
        int slash = plain.LastIndexOf('/') + 1;
        int dot = plain[slash..].IndexOf('.');
        string? package = dot <= 0 ? null : plain[..(slash + dot)].ToString();
        return package;
    }
}
