namespace Calltap.Cli.Demo;

/// <summary>One file of a generated program.</summary>
/// <param name="Name">The file's name, without folder; the ending (.c, .cpp, .h) decides how it is compiled.</param>
/// <param name="Text">Its text.</param>
/// <param name="Flags">Compiler options for this file, separated by blanks; unused for headers.</param>
public sealed record SourceFile(string Name, string Text, string Flags = "")
{
    /// <summary>Whether the file is compiled on its own.</summary>
    public bool IsTranslationUnit => !Name.EndsWith(".h", StringComparison.Ordinal);

    /// <summary>Whether the file needs the C++ compiler.</summary>
    public bool IsCxx => Name.EndsWith(".cpp", StringComparison.Ordinal);

    /// <summary>Reads a file embedded in the assembly that holds <paramref name="owner"/>.</summary>
    /// <param name="owner">A type of that assembly.</param>
    /// <param name="name">The logical name of the resource, which becomes the file's name.</param>
    /// <param name="flags">Compiler options for this file.</param>
    public static SourceFile FromResource(Type owner, string name, string flags = "")
    {
        ArgumentNullException.ThrowIfNull(owner);
        using var stream = owner.Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"resource {name} is not embedded in {owner.Assembly.GetName().Name}");
        using var reader = new StreamReader(stream);
        return new SourceFile(name, reader.ReadToEnd(), flags);
    }
}
