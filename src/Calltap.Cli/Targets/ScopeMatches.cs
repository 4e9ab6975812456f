using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Code;
using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.Cli.Targets;

/// <summary>How many functions in scope some op wants, and how many of those can be armed.</summary>
/// <param name="InScope">Functions in scope.</param>
/// <param name="Matching">Of those, wanted ones.</param>
/// <param name="Patchable">Of those, ones whose entry can be patched.</param>
/// <param name="Refusal">The commonest reason why one can't; empty when all can.</param>
/// <param name="Hint">How to get names for functions without one; null when all have one.</param>
/// <param name="Awaited">What may come yet, in words: a module that is asked for by its name is not loaded, or the .NET runtime; null for nothing.</param>
/// <param name="LeavesOut">.NET's own assemblies are not in scope.</param>
sealed record ScopeMatches(int InScope, int Matching, int Patchable, string Refusal, string? Hint, string? Awaited, bool LeavesOut)
{
    /// <summary>Counts.</summary>
    public static ScopeMatches Of(FunctionCatalog catalog, IReadOnlyCollection<Op> ops)
    {
        List<TargetFunction> wanted = [.. catalog.Functions.Where(f => ops.Any(op => op.Filter.Wants(f.Names, f.Module.Name)))];
        string refusal = wanted.Where(f => f.Plan.Entry is null).GroupBy(f => f.Plan.EntryRefusal).OrderByDescending(g => g.Count())
            .Select(g => g.Key.Text()).FirstOrDefault("");
        string? hint = catalog.Modules.Select(m => m.Contents.NamesHint).FirstOrDefault(hint => hint is not null);
        bool named = ops.Any(op => op.Filter.Filter.Any(pattern => pattern.Module is not null && !catalog.Modules.Any(m => pattern.NamesModule(m.Name))));
        string? awaited = named ? "a module that -F names is not loaded: its functions are armed when it comes"
            : catalog.AwaitsDotNet ? "the .NET runtime is not loaded yet: its methods are armed as they come"
            : null;
        return new ScopeMatches(catalog.Functions.Count, wanted.Count, wanted.Count(f => f.Plan.Entry is not null), refusal, hint, awaited, catalog.LeavesOutDotNet);
    }

    /// <summary>That there is something to arm, or something to wait for.</summary>
    /// <exception cref="CommandException">There is not.</exception>
    public void CheckAny(ScopeChoice scope, Pid pid)
    {
        if (Awaited is not null) return;
        if (Matching == 0)
        {
            string own = LeavesOut ? " (.NET's own assemblies, System.* and Microsoft.*, are not in it)" : "";
            string wider = scope.Scope == FunctionScope.Executable ? $", or widen the scope{own} by --libs, --all or @module" : "";
            throw CommandException.Nothing($"no function matches among {Texts.Count(InScope)} in scope: look at `calltap functions -p {pid}`{wider}{(Hint is null ? "" : $" ({Hint})")}");
        }
        if (Patchable == 0)
            throw CommandException.Nothing($"none of {Texts.Of(Matching, "matching function")} can be armed ({Refusal}): see `calltap functions -p {pid}`");
    }
}
