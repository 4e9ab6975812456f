using Calltap.Symbols;

namespace Calltap.Managed;

/// <summary>Which file an assembly was loaded from, by its simple name: as the process has it mapped.</summary>
sealed class AssemblyPaths
{
    readonly Dictionary<string, string> _paths = [];

    AssemblyPaths()
    {
    }

    /// <summary>Reads them off.</summary>
    public static AssemblyPaths Of(IReadOnlyList<MemoryMapping> mappings)
    {
        var paths = new AssemblyPaths();
        foreach (string path in mappings.Where(m => m.IsFile && IsAssembly(m.Path)).Select(m => m.Path).Distinct())
            paths._paths.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        return paths;
    }

    /// <summary>Whether a file of that name is mapped.</summary>
    public bool Knows(string assembly) => _paths.ContainsKey(assembly);

    /// <summary>The path; of an assembly in a single-file program, or made by the program itself, a file name.</summary>
    public string Of(string assembly) => _paths.GetValueOrDefault(assembly) ?? assembly + ".dll";

    /// <summary>Whether a file is called as assemblies are.</summary>
    public static bool IsAssembly(string path) => path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether an assembly comes with .NET itself.</summary>
    public static bool IsFramework(string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal)
            || name is "mscorlib.dll" or "netstandard.dll" or "WindowsBase.dll";
    }
}
