namespace Calltap.Symbols;

/// <summary>
/// Reads a method's name as the runtime writes it into a perf map (dotnet/runtime, vm/perfmap.cpp and PrettyPrintSig): <c>returned [Assembly] Type::Method(parameters)[Tier]</c>.
/// The text is the target's: whatever does not fit is no name.
/// </summary>
internal static class PerfMapName
{
    public static ManagedName? Read(ReadOnlySpan<char> text)
    {
        var name = CutTier(text.Trim(), out var tier);
        var returned = new PerfMapType(name);
        return returned.SkipReturned() && returned.Skip(" [") ? ReadMethod(returned.Rest, tier.ToString()) : null;
    }

    /// <summary>Reads the parts that the runtime's events have: the signature is <c>returned  (parameters)</c>.</summary>
    public static ManagedName? Read(string assembly, string type, string method, string signature, string tier)
    {
        var returned = new PerfMapType(signature);
        return type.Length > 0 && returned.SkipReturned() && returned.Skip("  (") && returned.Rest is [.. var taken, ')'] ? Of(assembly, type, method, taken, tier) : null;
    }

    // Assembly] Type::Method(parameters)
    private static ManagedName? ReadMethod(ReadOnlySpan<char> rest, string tier)
    {
        var assembly = rest.IndexOf("] ");
        if (assembly < 0 || rest[(assembly + 2)..] is not [.., ')'] method)
            return null;
        int colons = method.IndexOf("::"), open = method.IndexOf('(');
        if (colons <= 0 || open <= colons + 2)
            return null;
        return Of(rest[..assembly].ToString(), method[..colons], method[(colons + 2)..open].ToString(), method[(open + 1)..^1], tier);
    }

    private static ManagedName? Of(string assembly, ReadOnlySpan<char> type, string method, ReadOnlySpan<char> taken, string tier)
    {
        var declaring = (type[^1] == ']' && OpenOf(type) is > 0 and var instance ? type[..instance] : type).ToString(); // without what it is an instance of
        return Parameters(taken) is { } parameters
            ? new(assembly, ManagedNames.Of(declaring, method, parameters), ManagedNames.WithoutParameters(declaring, method), tier)
            : null;
    }

    private static List<string>? Parameters(ReadOnlySpan<char> text)
    {
        var list = new List<string>();
        var reader = new PerfMapType(text);
        while (!reader.Rest.IsEmpty)
        {
            if ((list.Count > 0 && !reader.Skip(",")) || reader.Read() is not { } type)
                return null;
            list.Add(type);
        }

        return list;
    }

    private static ReadOnlySpan<char> CutTier(ReadOnlySpan<char> text, out ReadOnlySpan<char> tier)
    {
        var open = text is [.., ']'] ? OpenOf(text) : -1;
        var isTier = open > 0 && text[open - 1] == ')';
        tier = isTier ? text[(open + 1)..^1] : default;
        return isTier ? text[..open] : text;
    }

    /// <summary>Where the bracket opens that the last one closes; -1 when nowhere.</summary>
    private static int OpenOf(ReadOnlySpan<char> text)
    {
        var depth = 0;
        for (var i = text.Length - 1; i >= 0; i--)
        {
            depth += text[i] == ']' ? 1 : text[i] == '[' ? -1 : 0;
            if (depth == 0)
                return i;
        }

        return -1;
    }
}
