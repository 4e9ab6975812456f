namespace Calltap.Symbols;

/// <summary>Leaves every name as it is.</summary>
public sealed class NullDemangler : IDemangler
{
    /// <summary>The only instance.</summary>
    public static NullDemangler Instance { get; } = new();

    private NullDemangler()
    {
    }

    /// <inheritdoc/>
    public string Demangle(string name) => name;
}
