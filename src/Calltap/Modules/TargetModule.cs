using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>An ELF image or .NET assembly that the target has mapped. One that comes back at another address is the same module, in another record.</summary>
/// <param name="Id">Its index in the catalog.</param>
/// <param name="Path">Its file.</param>
/// <param name="LoadBias">Added to an image address gives the target's address.</param>
/// <param name="Start">The first mapped byte of its code.</param>
/// <param name="End">Behind the last.</param>
/// <param name="Contents">Its functions.</param>
public sealed record TargetModule(
    int Id, string Path, long LoadBias, TargetAddress Start, TargetAddress End, ModuleContents Contents)
{
    /// <summary>Its code, as it was mapped.</summary>
    public IReadOnlyList<MemoryMapping> Code { get; init; } = [];

    /// <summary>Whether it holds methods of .NET.</summary>
    public bool IsManaged => Contents.IsCompiled || Contents.Functions is [{ Symbol.IsManaged: true }, ..];

    /// <summary>The file's name without its folder.</summary>
    public string Name { get; } = System.IO.Path.GetFileName(Path);
}
