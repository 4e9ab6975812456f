namespace Calltap.Symbols;

/// <summary>Turns the linker's names into those of the source.</summary>
public interface IDemangler
{
    /// <summary>The readable form of <paramref name="name"/>; the name itself when it is not mangled or cannot be read.</summary>
    string Demangle(string name);
}
