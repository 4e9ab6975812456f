using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.Cli.Input;

/// <summary>Which modules are looked at, and which of their functions are wanted.</summary>
/// <param name="Scope">The modules; patterns with <c>@module</c> bring in more.</param>
/// <param name="Filter">The functions.</param>
/// <param name="FilterText">The patterns to include, as given.</param>
sealed record ScopeChoice(FunctionScope Scope, FunctionFilter Filter, string FilterText)
{
    /// <summary>The one op that wants these functions.</summary>
    public Op OpOf(OpKind kind) => new(kind, Filter, $"{(kind == OpKind.Graph ? "graph" : "count")}:{(FilterText.Length == 0 ? "*" : FilterText)}");
}
