namespace Calltap.Probes;

/// <summary>A shell-like pattern: <c>*</c> is any run of characters, <c>?</c> any one, everything else itself.</summary>
/// <param name="Pattern">The pattern's text.</param>
public sealed record Glob(string Pattern)
{
    /// <summary>Whether the whole of <paramref name="text"/> matches. Linear in its length times the stars' number.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> pattern = Pattern;
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
                (star, mark) = (p++, t);
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]))
                (p, t) = (p + 1, t + 1);
            else if (star >= 0)
                (p, t) = (star + 1, ++mark);
            else
                return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
