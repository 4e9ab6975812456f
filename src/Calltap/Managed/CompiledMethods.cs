using Calltap.Modules;
using Calltap.Symbols;

namespace Calltap.Managed;

/// <summary>Methods of one assembly that were found at the same time.</summary>
/// <param name="Path">Its file, or its name where none is mapped.</param>
/// <param name="Contents">The methods, at their addresses in the target.</param>
/// <param name="Code">What is mapped where they are.</param>
sealed record CompiledMethods(string Path, ModuleContents Contents, IReadOnlyList<MemoryMapping> Code)
{
    /// <summary>Makes a module of them.</summary>
    public TargetModule ToModule(int id) => new(
        id, Path, 0, new TargetAddress(Contents.Functions.Min(f => f.Symbol.Address).Value),
        new TargetAddress(Contents.Functions.Max(f => f.Symbol.Address + f.Symbol.Size.Value).Value), Contents) { Code = Code };

    /// <summary>Gathers them.</summary>
    public static CompiledMethods Of(string path, IReadOnlyList<AnalyzedFunction> functions, IReadOnlyList<MemoryMapping> mappings)
    {
        AnalyzedFunction[] sorted = [.. functions.DistinctBy(f => f.Symbol.Address).OrderBy(f => f.Symbol.Address)];
        MemoryMapping[] code = [.. mappings.Where(m => m.IsExecutable && sorted.Any(f => m.Contains(new TargetAddress(f.Symbol.Address.Value))))];
        var contents = new ModuleContents
        {
            BuildId = null, NamesHint = null, HasInterpreter = true, HasTextRelocations = false, LoadSegments = [], Functions = sorted, Excluded = [], IsCompiled = true,
        };
        return new CompiledMethods(path, contents, code);
    }
}
