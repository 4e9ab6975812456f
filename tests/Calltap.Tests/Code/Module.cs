using Calltap.Code;

namespace Calltap.Tests.Code;

/// <summary>Builds a module for the analyzer: one section of code at <see cref="Base"/>.</summary>
internal sealed class Module
{
    internal const ulong Base = 0x1000;

    private readonly List<CodeFunction> _functions = [];
    private readonly MemoryImage _image = new();
    private readonly int _size;

    internal Module(string hex)
    {
        byte[] code = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        _size = code.Length;
        _image.With(Base, code);
    }

    internal List<ImageAddress> Targets { get; } = [];

    internal List<CodeRange> Refused { get; } = [];

    internal List<ImageAddress> Fentry { get; } = [];

    internal string Options { get; set; } = "";

    internal Module Function(int offset, int size, params (int Offset, int Size)[] fragments)
    {
        _functions.Add(new(At(offset), new(size), [.. fragments.Select(f => new CodeRange(At(f.Offset), new(f.Size)))])
        {
            IsGoRuntime = Options.Contains("runtime", StringComparison.Ordinal),
        });
        return this;
    }

    /// <summary>A start of which symbols say nothing.</summary>
    internal Module Start(int offset, int size, StartEvidence evidence = StartEvidence.Unproven)
    {
        _functions.Add(new(At(offset), new(size), []) { Evidence = evidence });
        return this;
    }

    internal Module Data(ulong address, byte[] bytes)
    {
        _image.With(address, bytes);
        return this;
    }

    internal IReadOnlyList<FunctionPlan> Analyze() => ModuleAnalyzer.Analyze(new(
        _image, _functions, [new(new(Base), new(_size))], Targets, Refused, Fentry,
        FaultsAreHandled: Options.Contains("faults", StringComparison.Ordinal),
        ShadowStack: Options.Contains("shstk", StringComparison.Ordinal),
        GoCode: Options.Contains("go", StringComparison.Ordinal) ? [new(new(Base), new(_size))] : [])
    {
        PositionIndependent = Options.Contains("independent", StringComparison.Ordinal),
    });

    internal static ImageAddress At(int offset) => new ImageAddress(Base) + offset;

    /// <summary>
    /// One line for a plan: the entry (class, length, interior starts, transfer of a combined exit, dead flags) or its refusal, then
    /// each exit likewise with its offset, then each refused exit, then whether exits may be missing.
    /// </summary>
    internal static string Describe(FunctionPlan plan)
    {
        var parts = new List<string> { plan.Entry is { } entry ? Describe(entry) : $"!{plan.EntryRefusal}" };
        parts.AddRange(plan.Exits.Select(Describe));
        parts.AddRange(plan.RefusedExits.Select(e => $"!{e.Reason}+{e.Address.Value - Base:x}"));
        if (plan.HasUnknownExits)
            parts.Add("unknown");
        return string.Join("; ", parts);
    }

    private static string Describe(SitePlan site)
    {
        string name = site.Kind == SiteKind.Entry ? "" : $"{site.Kind}/";
        string starts = site.InteriorStarts.Count > 0 ? $" {site.InteriorStarts}" : "";
        string exit = site.CombinedExit ? " exit" : "";
        string transfer = site.Kind != SiteKind.Entry && site.TransferOffset > 0 || site.CombinedExit ? $" transfer={site.TransferOffset}" : "";
        string tail = site.TailTarget is { } target ? $" ->{target}" : "";
        string dead = (site.FlagsDeadAtEntry ? " dead" : "") + (site.ReturnFollows ? " returns" : "") + (site.CountsNotTaken ? " not-taken" : "");
        return $"{name}{site.Class}+{site.Address.Value - Base:x} {site.CodeLength}/{site.Length}{starts}{exit}{transfer}{tail}{dead}";
    }
}
