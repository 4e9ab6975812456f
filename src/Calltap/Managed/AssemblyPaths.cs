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
    /// <param name="mappings">What the process has mapped.</param>
    /// <param name="program">Its program, where that holds assemblies.</param>
    public static AssemblyPaths Of(IReadOnlyList<MemoryMapping> mappings, SingleFileProgram? program)
    {
        var paths = new AssemblyPaths();
        foreach (string path in mappings.Where(m => m.IsFile && IsAssembly(m.Path)).Select(m => m.Path).Distinct())
            paths._paths.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        foreach (string path in program?.Assemblies ?? []) paths._paths.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        return paths;
    }

    /// <summary>Whether its file is known.</summary>
    public bool Knows(string assembly) => _paths.ContainsKey(assembly);

    /// <summary>The path; of an assembly that the program made itself a file name.</summary>
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
