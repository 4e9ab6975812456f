using System.Text.Json;
using Calltap.Cli.Output;
using Calltap.Code;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Symbols;

namespace Calltap.Cli.Commands;

/// <summary>Functions with how each can be patched.</summary>
/// <param name="Functions">By module and address.</param>
/// <param name="Excluded">What looks like a function and is none, or is kept out.</param>
sealed record FunctionList(IReadOnlyList<TargetFunction> Functions, IReadOnlyList<ExcludedFunction> Excluded)
{
    /// <summary>How many have an entry that can be patched.</summary>
    public int EntryPatchable => Functions.Count(f => f.Plan.Entry is not null);

    /// <summary>How many of those can be left by exits only that are known and can be patched.</summary>
    public int AllExitsPatchable => Functions.Count(f => f.Plan is { Entry: not null, AllExitsPatchable: true });

    /// <summary>Those that a filter wants.</summary>
    public static FunctionList Of(FunctionCatalog catalog, FunctionFilter filter) =>
        new([.. catalog.Functions.Where(f => filter.Wants(f.Names, f.Module.Name))], catalog.Excluded);

    /// <summary>How the entry may be replaced, in words; null when it can't be.</summary>
    public static string? EntryOf(TargetFunction function) => function.Plan.Entry?.Class switch
    {
        null => null,
        SiteClass.Nop5 => "nop",
        SiteClass.FentryCall => "fentry call",
        SiteClass.SingleInstruction => "one instruction",
        SiteClass.SeveralInstructions => "several instructions",
        SiteClass.ReturnWithPadding => "return and padding",
        SiteClass.ExitWithInstructionsBefore => "whole function",
        { } other => $"{other}",
    };

    /// <summary>Which version of a .NET method it is: <c>ReadyToRun</c>, or how it was compiled, as the runtime calls that; null for other functions.</summary>
    public static string? VersionOf(TargetFunction function) => function.Symbol.Source switch
    {
        FunctionSource.ReadyToRun => "ReadyToRun",
        FunctionSource.Compiled => function.Symbol.Tier ?? "compiled",
        _ => null,
    };

    /// <summary>For people. Versions have a column where there is one.</summary>
    public TextTable ToTable()
    {
        bool versions = Functions.Any(f => f.Symbol.IsManaged);
        var table = new TextTable(["function", "module", .. versions ? ["version"] : Array.Empty<string>(), ">address", ">size", "entry", ">exits", "refused"]);
        foreach (TargetFunction function in Functions)
            table.Add([
                function.Name, function.Module.Name, .. versions ? [VersionOf(function) ?? "-"] : Array.Empty<string>(), $"{function.Address}", $"{function.Symbol.Size}", EntryOf(function) ?? "-",
                $"{PatchableExits(function)}/{function.Plan.ExitCount}{(function.Plan.HasUnknownExits ? "+?" : "")}", Refusals(function)]);
        return table;
    }

    /// <summary>For programs; the fields are promised.</summary>
    public void WriteJson(Stream output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartArray("functions");
        foreach (TargetFunction function in Functions) Write(json, function);
        json.WriteEndArray();
        json.WriteStartArray("excluded");
        foreach (ExcludedFunction excluded in Excluded) Write(json, excluded);
        json.WriteEndArray();
        json.WriteNumber("total", Functions.Count);
        json.WriteNumber("entry_patchable", EntryPatchable);
        json.WriteNumber("all_exits_patchable", AllExitsPatchable);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, TargetFunction function)
    {
        json.WriteStartObject();
        json.WriteString("name", function.Name);
        json.WriteString("module", function.Module.Name);
        json.WriteString("version", VersionOf(function));
        json.WriteString("address", $"{function.Address}");
        json.WriteNumber("size", function.Symbol.Size.Value);
        json.WriteString("entry", EntryOf(function));
        json.WriteNumber("exits", function.Plan.ExitCount);
        json.WriteNumber("exits_patchable", PatchableExits(function));
        json.WriteString("refused", function.Plan.Entry is null ? function.Plan.EntryRefusal.Text() : null);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, ExcludedFunction excluded)
    {
        json.WriteStartObject();
        json.WriteString("name", excluded.Name);
        json.WriteString("address", $"{excluded.Address}");
        json.WriteNumber("size", excluded.Size.Value);
        json.WriteString("reason", excluded.Reason);
        json.WriteEndObject();
    }

    static int PatchableExits(TargetFunction function) => function.Plan.ExitCount - function.Plan.RefusedExits.Count;

    static string Refusals(TargetFunction function)
    {
        if (function.Plan.Entry is null) return function.Plan.EntryRefusal.Text();
        string exits = string.Join(", ", function.Plan.RefusedExits.Select(exit => exit.Reason.Text()).Distinct());
        return exits.Length == 0 ? "" : $"exits: {exits}";
    }
}
