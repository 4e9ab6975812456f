using System.Reflection.Metadata;

namespace Calltap.Symbols;

/// <summary>
/// One form for the names of .NET methods, whether they come from metadata or from a perf map of the runtime. All versions and instances of a method have the same:
/// <c>System.Collections.Generic.List&lt;T0&gt;.Add(T0)</c>, <c>Shop.Till+Drawer.Open(int,string[],ref)</c>. Type parameters go by their number, T0 those of the type, M0
/// those of the method; nested types have a plus; primitive types are called as in C#, others by their full names.
/// </summary>
public static class ManagedNames
{
    /// <summary>How deep types may be nested in one another.</summary>
    internal const int MaxDepth = 64;

    private const int MaxParameters = 64, MaxRank = 32, MaxArityDigits = 3;

    /// <summary>The name of a method.</summary>
    /// <param name="typeFullName">Its type as metadata has it: <c>Ns.Outer`1+Inner</c>.</param>
    /// <param name="method">Its name.</param>
    /// <param name="parameters">The types of its parameters in this form.</param>
    public static string Of(string typeFullName, string method, IEnumerable<string> parameters) =>
        StateMachine(typeFullName, method) is var (type, name)
            ? $"{WithParameters(type)}.{name} [state machine]"
            : $"{WithParameters(typeFullName)}.{method}({string.Join(',', parameters)})";

    /// <summary>The same without parameters, of the type too: what people may write.</summary>
    public static string WithoutParameters(string typeFullName, string method) =>
        StateMachine(typeFullName, method) is var (type, name) ? $"{WithoutArity(type)}.{name}" : $"{WithoutArity(typeFullName)}.{method}";

    /// <summary>Reads what a perf map of the runtime calls a method; null when that is none: a stub.</summary>
    /// <param name="text">What follows address and size: <c>instance void [App] Ns.Type`1[System.__Canon]::Method(int32)[QuickJitted]</c>.</param>
    public static ManagedName? FromPerfMap(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return PerfMapName.Read(text);
    }

    /// <summary>Reads what the runtime calls a method in its events; null when it can't be read.</summary>
    /// <param name="assembly">The simple name of its assembly.</param>
    /// <param name="type">Its type as perf maps have it: <c>Ns.Type`1[System.__Canon]</c>.</param>
    /// <param name="method">Its name.</param>
    /// <param name="signature">How it is called, what it returns and takes: <c>instance void  (int32,class System.String)</c>.</param>
    /// <param name="tier">How it was compiled.</param>
    internal static ManagedName? FromRundown(string assembly, string type, string method, string signature, string tier) =>
        PerfMapName.Read(assembly, type, method, signature, tier);

    /// <summary>A type's name without the counts of its type parameters.</summary>
    internal static string WithoutArity(string type) => Split(type).Name;

    /// <summary>What follows the type of an array's elements.</summary>
    internal static string Array(int rank) => rank switch
    {
        1 => "[*]", // not the usual array, which has no bounds
        < 1 or > MaxRank => "[?]",
        _ => $"[{new string(',', rank - 1)}]",
    };

    /// <summary>The name of a primitive type; null for others.</summary>
    internal static string? Primitive(SignatureTypeCode code) => code switch
    {
        SignatureTypeCode.Void => "void",
        SignatureTypeCode.Boolean => "bool",
        SignatureTypeCode.Char => "char",
        SignatureTypeCode.SByte => "sbyte",
        SignatureTypeCode.Byte => "byte",
        SignatureTypeCode.Int16 => "short",
        SignatureTypeCode.UInt16 => "ushort",
        SignatureTypeCode.Int32 => "int",
        SignatureTypeCode.UInt32 => "uint",
        SignatureTypeCode.Int64 => "long",
        SignatureTypeCode.UInt64 => "ulong",
        SignatureTypeCode.Single => "float",
        SignatureTypeCode.Double => "double",
        SignatureTypeCode.IntPtr => "nint",
        SignatureTypeCode.UIntPtr => "nuint",
        SignatureTypeCode.String => "string",
        SignatureTypeCode.Object => "object",
        SignatureTypeCode.TypedReference => "System.TypedReference",
        _ => null,
    };

    // In metadata the parameters of nested types come after those of the types around them.
    private static string WithParameters(string type)
    {
        var (name, count) = Split(type);
        return count is 0 or > MaxParameters ? name : $"{name}<{string.Join(',', Enumerable.Range(0, count).Select(i => $"T{i}"))}>";
    }

    /// <summary>Takes the counts of type parameters (<c>`1</c>) out of a name, and adds them up.</summary>
    private static (string Name, int Parameters) Split(string type)
    {
        var count = 0;
        for (var tick = type.IndexOf('`', StringComparison.Ordinal); tick >= 0; tick = type.IndexOf('`', tick))
        {
            var end = tick + 1;
            while (end < type.Length && char.IsAsciiDigit(type[end]))
                end++;
            if (end - tick - 1 is > 0 and <= MaxArityDigits)
                count += int.Parse(type.AsSpan(tick + 1, end - tick - 1), provider: null);
            type = type.Remove(tick, end - tick);
        }

        return (type, count);
    }

    /// <summary>
    /// The method that the compiler made a class of, whose MoveNext runs it from one await or yield to the next: <c>Type+&lt;Method&gt;d__3</c>, in which
    /// the dots of an interface's name have become hyphens; null for others.
    /// </summary>
    private static (string Type, string Method)? StateMachine(string type, string method)
    {
        var plus = type.LastIndexOf('+');
        if (method != "MoveNext" || plus < 0 || plus + 1 >= type.Length || type[plus + 1] != '<')
            return null;
        var end = type.LastIndexOf('>');
        return end > plus + 2 && type.AsSpan(end + 1).StartsWith("d") && type.AsSpan(end + 2) is "" or ['_', '_', ..] or ['`', ..]
            ? (type[..plus], type[(plus + 2)..end].Replace('-', '.'))
            : null;
    }
}
