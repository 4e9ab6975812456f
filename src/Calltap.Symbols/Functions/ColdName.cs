namespace Calltap.Symbols;

/// <summary>The names that compilers give to the part of a function they moved away: f.cold (gcc 9 on, clang) and f.cold.N (gcc 8, clang).</summary>
internal static class ColdName
{
    private const string Suffix = ".cold";

    public static bool IsCold(string name) => ParentLength(name) > 0;

    /// <summary>The name of the function that a cold part belongs to, or null when the name is not that of a cold part.</summary>
    public static string? ParentOf(string name) => ParentLength(name) is > 0 and var length ? name[..length] : null;

    private static int ParentLength(string name)
    {
        var end = name.AsSpan().TrimEnd("0123456789");
        if (end.Length < name.Length)
            end = end.EndsWith(".") ? end[..^1] : [];
        return end.EndsWith(Suffix) ? end.Length - Suffix.Length : 0;
    }
}
