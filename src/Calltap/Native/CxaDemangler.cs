using System.Runtime.InteropServices;
using Calltap.Symbols;

namespace Calltap.Native;

/// <summary>
/// C++ names by __cxa_demangle of libstdc++ (Itanium C++ ABI, 5.1.8); as they are where the library is missing, and where a name could
/// come to more than a name should (<see cref="DemangledSize"/>): the file may be hostile.
/// </summary>
internal sealed unsafe class CxaDemangler : IDemangler
{
    private readonly delegate* unmanaged<byte*, byte*, nuint*, int*, byte*> _demangle;
    private long _textLeft = MaxTotalText;

    /// <summary>Characters of all names together, over which names stay as they are.</summary>
    private const long MaxTotalText = 1L << 28;

    /// <summary>Whether the library is there.</summary>
    internal bool IsAvailable => _demangle != null;

    internal CxaDemangler()
    {
        if (NativeLibrary.TryLoad("libstdc++.so.6", out nint library) && NativeLibrary.TryGetExport(library, "__cxa_demangle", out nint function))
            _demangle = (delegate* unmanaged<byte*, byte*, nuint*, int*, byte*>)function;
    }

    /// <inheritdoc/>
    public string Demangle(string name)
    {
        if (_demangle == null || !name.StartsWith("_Z", StringComparison.Ordinal) || !DemangledSize.IsBounded(name) || _textLeft <= 0) return name;
        int status;
        byte* text;
        fixed (byte* mangled = NativeString.Of(name))
            text = _demangle(mangled, null, null, &status);
        if (text == null) return name;
        string demangled = Marshal.PtrToStringUTF8((nint)text) ?? name;
        NativeMemory.Free(text); // malloc'ed by the library
        _textLeft -= demangled.Length;
        return demangled;
    }
}
