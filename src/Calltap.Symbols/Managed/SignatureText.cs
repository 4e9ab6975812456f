using System.Reflection.Metadata;
using System.Text;

namespace Calltap.Symbols;

/// <summary>
/// Writes the parameters of a method's signature (ECMA-335 II.23.2). Not by <c>SignatureDecoder</c>, which allocates what a damaged signature asks for,
/// and calls itself as often.
/// </summary>
/// <param name="types">Names of types.</param>
/// <param name="blob">The signature.</param>
/// <param name="text">Room to write in.</param>
/// <param name="limits">Bounds.</param>
internal ref struct SignatureText(TypeNames types, BlobReader blob, StringBuilder text, ElfLimits limits)
{
    private BlobReader _blob = blob;

    /// <exception cref="BadImageFormatException">It is damaged, or too long.</exception>
    public List<string> Parameters()
    {
        var count = Begin();
        text.Clear();
        WriteType(0); // what it returns
        text.Clear();
        var parameters = new List<string>();
        for (var start = 0; count > 0; count--, start = text.Length)
        {
            WriteType(0);
            parameters.Add(text.ToString(start, text.Length - start));
        }

        return parameters;
    }

    // The calling convention and the count of type parameters say nothing that a perf map would.
    private int Begin()
    {
        if (_blob.ReadSignatureHeader().IsGeneric)
            _blob.ReadCompressedInteger();
        return _blob.ReadCompressedInteger();
    }

    private void WriteType(int depth)
    {
        if (depth > ManagedNames.MaxDepth || text.Length > limits.NameBytes)
            throw new BadImageFormatException("a signature too deep or too long");
        var code = _blob.ReadSignatureTypeCode();
        if (ManagedNames.Primitive(code) is { } primitive)
            text.Append(primitive);
        else
            WriteOther(code, depth + 1);
    }

    private void WriteOther(SignatureTypeCode code, int depth)
    {
        switch (code)
        {
            case SignatureTypeCode.TypeHandle:
                text.Append(ManagedNames.WithoutArity(types.Of(_blob.ReadTypeHandle())));
                break;
            case SignatureTypeCode.GenericTypeParameter:
                text.Append('T').Append(_blob.ReadCompressedInteger());
                break;
            case SignatureTypeCode.GenericMethodParameter:
                text.Append('M').Append(_blob.ReadCompressedInteger());
                break;
            case SignatureTypeCode.GenericTypeInstance:
                WriteType(depth);
                WriteList(_blob.ReadCompressedInteger(), depth);
                break;
            case SignatureTypeCode.FunctionPointer:
                WriteFunctionPointer(depth);
                break;
            case SignatureTypeCode.RequiredModifier or SignatureTypeCode.OptionalModifier:
                _blob.ReadTypeHandle();
                WriteType(depth);
                break;
            case SignatureTypeCode.Sentinel or SignatureTypeCode.Pinned:
                WriteType(depth);
                break;
            default:
                WriteType(depth);
                WriteSuffix(code);
                break;
        }
    }

    private void WriteSuffix(SignatureTypeCode code)
    {
        switch (code)
        {
            case SignatureTypeCode.SZArray:
                text.Append("[]");
                break;
            case SignatureTypeCode.Array:
                var rank = _blob.ReadCompressedInteger();
                for (var bounds = 0; bounds < 2; bounds++) // sizes, then lower bounds
                    for (var left = _blob.ReadCompressedInteger(); left > 0; left--)
                        _blob.ReadCompressedInteger(); // a signed one is as long
                text.Append(ManagedNames.Array(rank));
                break;
            case SignatureTypeCode.Pointer:
                text.Append('*');
                break;
            case SignatureTypeCode.ByReference:
                text.Append('&');
                break;
            default:
                throw new BadImageFormatException($"a type of the kind {(int)code}");
        }
    }

    private void WriteList(int count, int depth)
    {
        text.Append('<');
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
                text.Append(',');
            WriteType(depth);
        }

        text.Append('>');
    }

    // What it returns comes first in the signature and last in the text.
    private void WriteFunctionPointer(int depth)
    {
        var count = Begin();
        var start = text.Length;
        WriteType(depth);
        var returned = text.ToString(start, text.Length - start);
        text.Length = start;
        text.Append("delegate*");
        WriteList(count, depth);
        text.Length--;
        text.Append(count > 0 ? "," : "").Append(returned).Append('>');
    }
}
