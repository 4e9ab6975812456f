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
    private readonly Dictionary<(int Row, bool IsReference), (string Name, string Plain)?> _known = [];
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

    /// <summary>The name of a method, and the same without parameters; null for a reference that does not name its type.</summary>
    /// <param name="row">Its row, from 1.</param>
    /// <param name="isReference">Whether that is in the table of references (MemberRef), not in that of methods.</param>
    /// <exception cref="ElfFormatException">The metadata is damaged, or the names are too long.</exception>
    public (string Name, string Plain)? Of(int row, bool isReference)
    {
        if (_known.TryGetValue((row, isReference), out var known))
            return known;
        try
        {
            var named = isReference ? Read(_reader.GetMemberReference(MetadataTokens.MemberReferenceHandle(row))) : Read(_reader.GetMethodDefinition(MetadataTokens.MethodDefinitionHandle(row)));
            _total += (named?.Name.Length ?? 0) + (named?.Plain.Length ?? 0);
            return _total <= _limits.TotalNameBytes ? _known[(row, isReference)] = named : throw Fault(_image, _metadata, $"at most {_limits.TotalNameBytes} bytes of names");
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Fault(_image, _metadata, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _provider.Dispose();

    private (string Name, string Plain)? Read(MethodDefinition method) => Names(method.GetDeclaringType(), method.Name, method.Signature);

    private (string Name, string Plain)? Read(MemberReference reference) => TypeOf(reference.Parent) is { } type ? Names(type, reference.Name, reference.Signature) : null;

    private (string Name, string Plain)? Names(EntityHandle type, StringHandle name, BlobHandle signature)
    {
        var (typeName, simple) = (_types.Of(type), _reader.GetString(name));
        var parameters = new SignatureText(_types, _reader.GetBlobReader(signature), _text, _limits).Parameters();
        return (ManagedNames.Of(typeName, simple, parameters), ManagedNames.WithoutParameters(typeName, simple));
    }

    /// <summary>The type itself of an instance of it.</summary>
    private EntityHandle? TypeOf(EntityHandle parent)
    {
        if (parent.Kind is HandleKind.TypeDefinition or HandleKind.TypeReference)
            return parent;
        if (parent.Kind != HandleKind.TypeSpecification)
            return null;
        var blob = _reader.GetBlobReader(_reader.GetTypeSpecification((TypeSpecificationHandle)parent).Signature);
        return blob.ReadSignatureTypeCode() == SignatureTypeCode.GenericTypeInstance && blob.ReadSignatureTypeCode() == SignatureTypeCode.TypeHandle
            && blob.ReadTypeHandle() is { Kind: HandleKind.TypeDefinition or HandleKind.TypeReference } type ? type : null;
    }

    // What System.Reflection.Metadata throws on damaged tables is more than it promises.
    private static bool IsDamage(Exception e) => e is not (OutOfMemoryException or ElfFormatException);

    private static ElfFormatException Fault(PeImage image, DataDirectory metadata, string reason) =>
        new(image.Path, image.OffsetOf(metadata.Address), $"metadata of .NET ({reason})");
}
