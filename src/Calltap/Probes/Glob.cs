namespace Calltap.Probes;

/// <summary>
/// A shell-like pattern: <c>*</c> is any run of characters, <c>?</c> any one, <c>[a-z_]</c> one of a set and
/// <c>[!a-z]</c> one that is not in it; everything else is itself, also a bracket that is not closed, as in
/// <c>operator[]</c> (POSIX.1-2017 XCU 2.13.1: a first ] belongs to the set).
/// </summary>
/// <param name="Pattern">The pattern's text.</param>
public sealed record Glob(string Pattern)
{
    /// <summary>Whether the whole of <paramref name="text"/> matches. Linear in the product of the two lengths at worst.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> pattern = Pattern;
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
                (star, mark) = (p++, t);
            else if (p < pattern.Length && MatchesOne(pattern[p..], text[t], out int used))
                (p, t) = (p + used, t + 1);
            else if (star >= 0)
                (p, t) = (star + 1, ++mark);
            else
                return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    /// <summary>Whether the pattern's first element matches a character, and how long the element is.</summary>
    static bool MatchesOne(ReadOnlySpan<char> pattern, char c, out int used)
    {
        used = 1;
        if (pattern[0] == '?') return true;
        if (pattern[0] != '[' || SetEnd(pattern) is not (> 0 and int end)) return pattern[0] == c;
        used = end + 1;
        bool negated = pattern[1] is '!' or '^';
        return InSet(pattern[(negated ? 2 : 1)..end], c) != negated;
    }

    /// <summary>Where the bracket that closes the set is; -1 when it is not closed.</summary>
    static int SetEnd(ReadOnlySpan<char> pattern)
    {
        int first = pattern.Length > 1 && pattern[1] is '!' or '^' ? 2 : 1;
        if (first + 1 >= pattern.Length) return -1;
        int end = pattern[(first + 1)..].IndexOf(']'); // not the first character of the set
        return end < 0 ? -1 : first + 1 + end;
    }

    static bool InSet(ReadOnlySpan<char> set, char c)
    {
        for (int i = 0; i < set.Length; i++)
        {
            bool range = i + 2 < set.Length && set[i + 1] == '-';
            if (range ? c >= set[i] && c <= set[i + 2] : c == set[i]) return true;
            if (range) i += 2;
        }
        return false;
    }
}
