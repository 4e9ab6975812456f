using Calltap.Code;
using Calltap.Probes;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>A function of a module's file, wherever it is loaded.</summary>
/// <param name="Symbol">What the file says of it.</param>
/// <param name="Shown">Its name for people, demangled where possible; null when it has none.</param>
/// <param name="Plan">Its sites.</param>
public readonly record struct AnalyzedFunction(ImageFunction Symbol, string? Shown, FunctionPlan Plan)
{
    /// <summary>The names it is known by; without a symbol it is called <c>module+0x1234</c>.</summary>
    public FunctionNames NamesIn(string module) => Shown is { } shown
        ? new FunctionNames(shown, [Symbol.Name!, .. Symbol.Aliases]) { IsManaged = Symbol.IsManaged }
        : new FunctionNames($"{module}+0x{Symbol.Address.Value:x}", []);
}
