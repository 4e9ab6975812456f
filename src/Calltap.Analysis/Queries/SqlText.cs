namespace Calltap.Analysis.Queries;

/// <summary>Finds where statements end: at a semicolon outside quotes and comments.</summary>
static class SqlText
{
    /// <summary>The statements of a text, without their semicolons and without those that say nothing; and what is behind the last semicolon, as it is.</summary>
    public static (List<string> Statements, string Pending) Split(string text)
    {
        List<string> statements = [];
        int start = 0, at = 0;
        bool says = false;
        while (at < text.Length)
        {
            if (text[at] == ';')
            {
                if (says)
                    statements.Add(text[start..at].Trim());
                (start, says) = (++at, false);
                continue;
            }
            int end = EndOfPart(text, at, out bool isComment);
            says |= !isComment && !char.IsWhiteSpace(text[at]);
            at = end;
        }
        return (statements, says ? text[start..] : "");
    }

    // Behind the quoted text, the comment, or the one character that begins here; the end of the text where that has no end.
    static int EndOfPart(string text, int at, out bool isComment)
    {
        isComment = false;
        ReadOnlySpan<char> rest = text.AsSpan(at);
        if (rest[0] is '\'' or '"')
            return Behind(text, at + 1, rest[..1]);
        isComment = rest.StartsWith("--") || rest.StartsWith("/*");
        if (isComment)
            return rest[0] == '-' ? Behind(text, at, "\n") : Behind(text, at + 2, "*/");
        return DollarTag(rest) is { Length: > 0 } tag ? Behind(text, at + tag.Length, tag) : at + 1;
    }

    static int Behind(string text, int from, ReadOnlySpan<char> what)
    {
        int found = from >= text.Length ? -1 : text.AsSpan(from).IndexOf(what);
        return found < 0 ? text.Length : from + found + what.Length;
    }

    // $$ or $name$
    static ReadOnlySpan<char> DollarTag(ReadOnlySpan<char> text)
    {
        if (text[0] != '$')
            return default;
        int length = 1;
        while (length < text.Length && (char.IsAsciiLetter(text[length]) || text[length] == '_' || (length > 1 && char.IsAsciiDigit(text[length]))))
            length++;
        return length < text.Length && text[length] == '$' ? text[..(length + 1)] : default;
    }
}
