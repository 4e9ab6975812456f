using System.Reflection.Metadata;

namespace Calltap.Symbols;

/// <summary>The full names of types as metadata has them: <c>System.Collections.Generic.List`1+Enumerator</c>. One thread.</summary>
internal sealed class TypeNames(MetadataReader reader, ElfLimits limits)
{
    private const int MaxNesting = 32;

    private readonly Dictionary<EntityHandle, string> _known = [];

    /// <exception cref="BadImageFormatException">The tables are damaged.</exception>
    public string Of(EntityHandle handle)
    {
        if (_known.TryGetValue(handle, out var known))
            return known;
        return _known[handle] = handle.Kind switch
        {
            HandleKind.TypeDefinition or HandleKind.TypeReference => Name(handle, 0),
            _ => "?",
        };
    }

    private string Name(EntityHandle handle, int nesting)
    {
        if (nesting > MaxNesting)
            throw new BadImageFormatException($"types nested deeper than {MaxNesting}");
        var (name, space, outer) = Read(handle);
        var text = !outer.IsNil ? $"{Name(outer, nesting + 1)}+{name}" : space.Length == 0 ? name : $"{space}.{name}";
        return text.Length <= limits.NameBytes ? text : throw new BadImageFormatException($"a name longer than {limits.NameBytes}");
    }

    private (string Name, string Space, EntityHandle Outer) Read(EntityHandle handle)
    {
        if (handle.Kind == HandleKind.TypeDefinition)
        {
            var type = reader.GetTypeDefinition((TypeDefinitionHandle)handle);
            return (reader.GetString(type.Name), reader.GetString(type.Namespace), type.GetDeclaringType());
        }

        var reference = reader.GetTypeReference((TypeReferenceHandle)handle);
        var scope = reference.ResolutionScope;
        return (reader.GetString(reference.Name), reader.GetString(reference.Namespace), scope.Kind == HandleKind.TypeReference ? scope : default);
    }
}
