using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Runtime.InteropServices;
using System.Text;

namespace Calltap.Symbols;

/// <summary>The names of an assembly's methods, by its metadata. One thread.</summary>
internal sealed class MethodNames : IDisposable
{
    private readonly PeImage _image;
    private readonly DataDirectory _metadata;
    private readonly ElfLimits _limits;
    private readonly MetadataReaderProvider _provider;
    private readonly MetadataReader _reader;
    private readonly TypeNames _types;
    private readonly StringBuilder _text = new();
    private long _total;

    private MethodNames(PeImage image, DataDirectory metadata, ElfLimits limits, MetadataReaderProvider provider)
    {
        (_image, _metadata, _limits, _provider) = (image, metadata, limits, provider);
        _reader = provider.GetMetadataReader();
        _types = new(_reader, limits);
    }

    /// <summary>Methods of the assembly, with code or not.</summary>
    public int Count => _reader.MethodDefinitions.Count;

    /// <exception cref="ElfFormatException">The metadata can't be read.</exception>
    public static MethodNames Open(PeImage image, DataDirectory metadata, ElfLimits limits)
    {
        var bytes = image.Bytes(metadata, "the metadata").ToArray();
        var provider = MetadataReaderProvider.FromMetadataImage(ImmutableCollectionsMarshal.AsImmutableArray(bytes));
        try
        {
            return new(image, metadata, limits, provider);
        }
        catch (Exception e) when (IsDamage(e))
        {
            provider.Dispose();
            throw Fault(image, metadata, e.Message);
        }
    }

    /// <summary>The name of a method, and the same without parameters.</summary>
    /// <param name="row">Its row in the table of methods, from 1.</param>
    /// <exception cref="ElfFormatException">The metadata is damaged, or the names are too long.</exception>
    public (string Name, string Plain) Of(int row)
    {
        try
        {
            var method = _reader.GetMethodDefinition(MetadataTokens.MethodDefinitionHandle(row));
            var type = _types.Of(method.GetDeclaringType());
            var simple = _reader.GetString(method.Name);
            var (name, plain) = (ManagedNames.Of(type, simple, Parameters(method)), ManagedNames.WithoutParameters(type, simple));
            _total += name.Length + plain.Length;
            return _total <= _limits.TotalNameBytes ? (name, plain) : throw Fault(_image, _metadata, $"at most {_limits.TotalNameBytes} bytes of names");
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Fault(_image, _metadata, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _provider.Dispose();

    private List<string> Parameters(MethodDefinition method)
    {
        var signature = new SignatureText(_types, _reader.GetBlobReader(method.Signature), _text, _limits);
        return signature.Parameters();
    }

    // What System.Reflection.Metadata throws on damaged tables is more than it promises.
    private static bool IsDamage(Exception e) => e is not (OutOfMemoryException or ElfFormatException);

    private static ElfFormatException Fault(PeImage image, DataDirectory metadata, string reason) =>
        new(image.Path, image.OffsetOf(metadata.Address), $"metadata of .NET ({reason})");
}
