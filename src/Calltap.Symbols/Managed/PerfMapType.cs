using System.Text;

namespace Calltap.Symbols;

/// <summary>Reads types as the runtime writes them into a perf map, and writes them as <see cref="ManagedNames"/> does.</summary>
/// <param name="text">One type or several.</param>
internal ref struct PerfMapType(ReadOnlySpan<char> text)
{
    private static readonly string[] s_conventions = ["instance ", "explicit ", "generic ", "unmanaged ", "vararg ", "cdecl ", "stdcall ", "thiscall ", "fastcall "];
    private static readonly string[] s_kinds = ["class ", "valuetype ", "value class ", "pinned "]; // events of the runtime have the third

    private readonly ReadOnlySpan<char> _text = text;
    private readonly StringBuilder _written = new();
    private int _at;

    /// <summary>What was not read yet.</summary>
    public readonly ReadOnlySpan<char> Rest => _text[_at..];

    /// <summary>Reads a type; null when there is none.</summary>
    public string? Read()
    {
        _written.Clear();
        return Type(0) ? _written.ToString() : null;
    }

    /// <summary>Reads what a method begins with: how it is called, and what it returns.</summary>
    public bool SkipReturned()
    {
        SkipAny(s_conventions);
        return Read() is not null;
    }

    /// <summary>Skips a word; false when another follows.</summary>
    public bool Skip(string word)
    {
        var skips = Rest.StartsWith(word, StringComparison.Ordinal);
        if (skips)
            _at += word.Length;
        return skips;
    }

    private void SkipAny(string[] words)
    {
        for (var i = 0; i < words.Length; i++)
            if (Skip(words[i]))
                i = -1;
    }

    private bool Type(int depth)
    {
        if (depth > ManagedNames.MaxDepth)
            return false;
        SkipAny(s_kinds);
        var isRead = Skip("method ") ? FunctionPointer(depth + 1) : Rest.StartsWith("!") ? TypeParameter() : Named(depth + 1);
        return isRead && Suffixes();
    }

    private bool TypeParameter()
    {
        var isMethods = Rest.StartsWith("!!");
        var start = _at + (isMethods ? 2 : 1);
        var end = start;
        while (end < _text.Length && char.IsAsciiDigit(_text[end]))
            end++;
        _written.Append(isMethods ? 'M' : 'T').Append(_text[start..end]);
        _at = end;
        return end > start;
    }

    private bool Named(int depth)
    {
        if (Skip("["))
        {
            var scope = Rest.IndexOf(']');
            if (scope < 0)
                return false;
            _at += scope + 1;
        }

        var start = _at;
        if (!Skip("native ") && !Skip("unsigned "))
            Skip("...");
        while (_at < _text.Length && IsOfName(start))
            _at++;
        if (_at == start)
            return false;
        var name = _text[start.._at].ToString();
        _written.Append(Primitive(name) ?? ManagedNames.WithoutArity(name.Replace('/', '+')));
        return !Skip("<") || List('>', depth);
    }

    /// <summary>Compilers write angle brackets where a part of a name begins; elsewhere type arguments do.</summary>
    private bool IsOfName(int start)
    {
        if (_text[_at] != '<')
            return !"<>,&*[]() ".Contains(_text[_at]);
        if (_at > start && !"./+".Contains(_text[_at - 1]))
            return false;
        var depth = 0;
        for (var i = _at; i < _text.Length; i++)
        {
            depth += _text[i] == '<' ? 1 : _text[i] == '>' ? -1 : 0;
            if (depth != 0)
                continue;
            _at = i;
            return true;
        }

        return false;
    }

    private bool List(char close, int depth)
    {
        _written.Append('<');
        for (var first = true; !Rest.StartsWith([close]); first = false)
        {
            if (!first)
            {
                if (!Skip(","))
                    return false;
                _written.Append(',');
            }

            if (!Type(depth))
                return false;
        }

        _at++;
        _written.Append('>');
        return true;
    }

    private bool FunctionPointer(int depth)
    {
        SkipAny(s_conventions);
        var start = _written.Length;
        if (!Type(depth) || !Skip(" *("))
            return false;
        var returned = _written.ToString(start, _written.Length - start);
        _written.Length = start;
        _written.Append("delegate*");
        if (!List(')', depth))
            return false;
        _written.Length--;
        _written.Append(_written[^1] == '<' ? "" : ",").Append(returned).Append('>');
        return true;
    }

    private bool Suffixes()
    {
        while (_at < _text.Length)
        {
            if (Skip("&"))
                _written.Append('&');
            else if (Rest.StartsWith("*"))
                _written.Append(_text[_at++]);
            else if (Rest.StartsWith("["))
            {
                if (!ArrayBounds())
                    return false;
            }
            else if (!Skip(" pinned") && !Modifier())
                return true;
        }

        return true;
    }

    private bool ArrayBounds()
    {
        var end = Rest.IndexOf(']');
        if (end < 0)
            return false;
        var bounds = Rest[1..end];
        _written.Append(bounds.Length == 0 ? "[]" : ManagedNames.Array(bounds.Count(',') + 1));
        _at += end + 1;
        return true;
    }

    private bool Modifier()
    {
        if (!Rest.StartsWith(" modreq(") && !Rest.StartsWith(" modopt("))
            return false;
        var end = Rest.IndexOf(')');
        if (end < 0)
            return false;
        _at += end + 1;
        return true;
    }

    private static string? Primitive(string name) => name switch
    {
        "int8" => "sbyte",
        "uint8" or "unsigned int8" => "byte",
        "int16" => "short",
        "uint16" or "unsigned int16" => "ushort",
        "int32" => "int",
        "uint32" or "unsigned int32" => "uint",
        "int64" => "long",
        "uint64" or "unsigned int64" => "ulong",
        "float32" => "float",
        "float64" => "double",
        "native int" => "nint",
        "native uint" or "native unsigned" => "nuint",
        "wchar" => "char",
        "System.String" => "string", // so the runtime's events have them
        "System.Object" => "object",
        "typedref" or "refany" => "System.TypedReference",
        _ => null,
    };
}
