namespace Calltap.Native;

/// <summary>
/// Bounds what demangling a name can give. Back references (S_, T_) repeat what stands before them, so 250 characters can ask for more than
/// any memory holds; __cxa_demangle writes until there is none.
/// </summary>
internal static class DemangledSize
{
    /// <summary>Longest mangled name: libstdc++ refuses longer ones for want of stack (DEMANGLE_RECURSION_LIMIT); older ones did not.</summary>
    internal const int MaxName = 1024;

    /// <summary>Most characters that a name may come to: far more than a name that a person reads.</summary>
    internal const double MaxText = 4 << 20;

    /// <summary>Whether a name stays within <see cref="MaxText"/> whatever it refers to.</summary>
    /// <remarks>
    /// A reference gives at most everything before it. References that stand inside of each other multiply, others add, so n of them give at
    /// most 3^(n/3) times the length; the expansion of a parameter pack (Dp) repeats its pattern for each of the pack's elements, each of
    /// which has a character in the name.
    /// </remarks>
    internal static bool IsBounded(string name)
    {
        if (name.Length > MaxName) return false;
        double size = name.Length * WidestText;
        for (int i = 0; i + 1 < name.Length; i++)
        {
            if (name[i] is 'S' or 'T' && IsReference(name.AsSpan(i + 1))) size *= PerReference;
            if (name[i] == 'D' && name[i + 1] == 'p') size *= name.Length;
        }
        return size <= MaxText;
    }

    const double PerReference = 1.4423; // 3^(1/3)
    const double WidestText = 8; // "x" is "unsigned __int128", but names are mostly identifiers

    // S_, S0_, SZZ_, T_, T12_, TL0__
    static bool IsReference(ReadOnlySpan<char> rest)
    {
        int digits = 0;
        while (digits < rest.Length && char.IsAsciiLetterOrDigit(rest[digits]) && !char.IsAsciiLetterLower(rest[digits])) digits++;
        return digits < rest.Length && rest[digits] == '_';
    }
}
