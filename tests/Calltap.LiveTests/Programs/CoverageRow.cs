using System.Globalization;
using Calltap.Code;
using Calltap.Modules;
using Calltap.Symbols;

namespace Calltap.LiveTests.Programs;

/// <summary>How many functions of a file can be traced: a line of docs/coverage.md.</summary>
/// <param name="File">Its name.</param>
/// <param name="Build">The first eight digits of its build-id, and whether a debug file gave names: what the line is about.</param>
/// <param name="Functions">How many functions with a known start it has.</param>
/// <param name="Entered">How many of them can be armed.</param>
/// <param name="Left">How many of those with every exit.</param>
/// <param name="KeptOut">How many are kept out by their name or what they are.</param>
/// <param name="Refusals">Why the others are refused, the most frequent reason first.</param>
sealed record CoverageRow(string File, string Build, int Functions, int Entered, int Left, int KeptOut, string Refusals)
{
    /// <summary>Percent of all functions.</summary>
    public double Entries => 100.0 * Entered / Functions;

    /// <summary>Percent of all functions.</summary>
    public double Exits => 100.0 * Left / Functions;

    /// <summary>Analyses a file.</summary>
    public static CoverageRow Of(string path)
    {
        FunctionCatalog catalog = FunctionCatalog.LoadFile(path);
        return new CoverageRow(
            Path.GetFileName(path), $"{catalog.Modules[0].Contents.BuildId?[..8]}{(catalog.Functions.Any(f => f.Symbol.Source == FunctionSource.DebugFile) ? ", debug file" : "")}", catalog.Functions.Count,
            catalog.Functions.Count(f => f.Plan.Entry is not null),
            catalog.Functions.Count(f => f.Plan is { Entry: not null, AllExitsPatchable: true }),
            catalog.Excluded.Count(f => f.Name is not null && !f.Reason.Contains("part of", StringComparison.Ordinal)),
            Groups(catalog.Functions.Where(f => f.Plan.Entry is null).Select(f => f.Plan.EntryRefusal.Text())));
    }

    /// <summary>The line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"| {File} | {Build} | {Functions:N0} | {Entries:0.00} | {Exits:0.00} | {KeptOut} | {Refusals} |");

    static string Groups(IEnumerable<string> reasons) => string.Join(", ",
        reasons.GroupBy(reason => reason).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Count()} {group.Key}"));
}
