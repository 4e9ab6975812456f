namespace Calltap.Probes;

/// <summary>
/// A shell-like pattern (glob(7)): <c>*</c> is any run of characters, <c>?</c> any one, <c>[a-z0]</c> one of a set,
/// <c>[!a-z]</c> one not in it, everything else itself. A <c>[</c> without its <c>]</c> is itself, as in <c>operator[]</c>.
/// </summary>
/// <param name="Pattern">The pattern's text.</param>
public sealed record Glob(string Pattern)
{
    /// <summary>Whether the whole of <paramref name="text"/> matches. At most its length times the pattern's.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> pattern = Pattern;
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            int width;
            if (p < pattern.Length && pattern[p] == '*')
                (star, mark) = (p++, t);
            else if (p < pattern.Length && (width = MatchOne(pattern[p..], text[t])) > 0)
                (p, t) = (p + width, t + 1);
            else if (star >= 0)
                (p, t) = (star + 1, ++mark);
            else
                return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    /// <summary>How many characters of the pattern match one character; 0 when they do not.</summary>
    static int MatchOne(ReadOnlySpan<char> pattern, char c)
    {
        if (pattern[0] == '[' && SetLength(pattern) is > 0 and var length)
            return IsInSet(pattern[1..(length - 1)], c) ? length : 0;
        return pattern[0] == '?' || pattern[0] == c ? 1 : 0;
    }

    /// <summary>The length of a set with its brackets, 0 when it is not closed. A <c>]</c> that comes first is a member.</summary>
    static int SetLength(ReadOnlySpan<char> pattern)
    {
        int first = pattern.Length > 1 && pattern[1] == '!' ? 2 : 1;
        if (pattern.Length <= first + 1) return 0;
        int close = pattern[(first + 1)..].IndexOf(']');
        return close < 0 ? 0 : first + close + 2;
    }

    static bool IsInSet(ReadOnlySpan<char> set, char c)
    {
        bool negated = set[0] == '!';
        if (negated) set = set[1..];
        for (int i = 0; i < set.Length; i++)
        {
            bool range = i + 2 < set.Length && set[i + 1] == '-';
            if (range ? c >= set[i] && c <= set[i + 2] : c == set[i]) return !negated;
            if (range) i += 2;
        }
        return negated;
    }
}
