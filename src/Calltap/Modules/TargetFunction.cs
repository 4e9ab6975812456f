using Calltap.Code;
using Calltap.Probes;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>A function of the target: its symbol and how it can be patched.</summary>
/// <param name="Id">Its index in the catalog.</param>
/// <param name="Module">Its module.</param>
/// <param name="Symbol">What the file says of it.</param>
/// <param name="Plan">Its sites.</param>
/// <param name="Names">What filters match.</param>
public sealed record TargetFunction(
    FunctionId Id, TargetModule Module, ImageFunction Symbol, FunctionPlan Plan, FunctionNames Names)
{
    /// <summary>The name shown to people.</summary>
    public string Name => Names.Shown;

    /// <summary>
    /// What it is counted as: of a .NET method every version (compiled ahead of time, by each tier, for each instance of a generic) is a function of its own, and all are that
    /// one method. In the same module.
    /// </summary>
    public (ImageAddress Address, string Method) Identity => Symbol.IsManaged ? (default, Name) : (Symbol.Address, "");

    /// <summary>Where its entry is in the target.</summary>
    public TargetAddress Address => Symbol.Address.At(Module.LoadBias);
}
