using System.Text;

namespace Calltap.Trace;

/// <summary>Names of functions as replay prints them, in UTF-8, made once each.</summary>
sealed class ReplayNames(TraceCatalog catalog)
{
    (byte[]? Name, byte[]? Head)[] _known = [];

    /// <summary>The name.</summary>
    public byte[] NameOf(int function) => Of(function).Name!;

    /// <summary>The name with parentheses. A demangled C++ name has its parameters already.</summary>
    public byte[] HeadOf(int function) => Of(function).Head!;

    (byte[]? Name, byte[]? Head) Of(int function)
    {
        (byte[]? Name, byte[]? Head)[] known = _known;
        return (uint)function < (uint)known.Length && known[function].Head is not null ? known[function] : Make(function);
    }

    (byte[]? Name, byte[]? Head) Make(int function)
    {
        if (function >= _known.Length)
            Array.Resize(ref _known, Math.Max(function + 1, _known.Length * 2));
        byte[] name = Encoding.UTF8.GetBytes(catalog.NameOf(new FunctionId(function)));
        return _known[function] = (name, name.AsSpan().EndsWith(")"u8) ? name : [.. name, .. "()"u8]);
    }
}
