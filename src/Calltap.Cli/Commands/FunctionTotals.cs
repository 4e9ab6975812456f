using Calltap.Cli.Output;
using Calltap.Code;
using Calltap.Modules;

namespace Calltap.Cli.Commands;

/// <summary>The lines below a list of functions.</summary>
static class FunctionTotals
{
    /// <summary>Totals, why functions are refused, what was kept out, and how to get names.</summary>
    public static IEnumerable<string> Lines(FunctionList list, FunctionCatalog catalog)
    {
        yield return $"# {Texts.Of(list.Functions.Count, "function")}: {Share(list.EntryPatchable, list)} can be traced, {Share(list.AllExitsPatchable, list)} with every exit";
        string refused = Groups(list.Functions.Where(f => f.Plan.Entry is null).Select(f => f.Plan.EntryRefusal.Text()));
        if (refused.Length > 0) yield return $"# refused: {refused}";
        string exits = Groups(list.Functions.SelectMany(f => f.Plan.RefusedExits).Select(exit => exit.Reason.Text()));
        if (exits.Length > 0) yield return $"# exits refused: {exits}";
        string excluded = Groups(list.Excluded.Select(f => f.Reason));
        if (excluded.Length > 0) yield return $"# not listed: {excluded}";
        foreach (TargetModule module in catalog.Modules)
            if (module.Contents.NamesHint is { } hint && list.Functions.Any(f => f.Module == module && f.Symbol.Name is null))
                yield return $"# {module.Name} has functions without a name: {hint}";
    }

    static string Share(int part, FunctionList list) =>
        $"{Texts.Count(part)} ({(list.Functions.Count == 0 ? 0 : 100.0 * part / list.Functions.Count):0.0} %)";

    static string Groups(IEnumerable<string> reasons) => string.Join(", ",
        reasons.GroupBy(reason => reason).OrderByDescending(group => group.Count()).Select(group => $"{Texts.Count(group.Count())} {group.Key}"));
}
