using System.Globalization;
using System.Text.Json;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>Changes of functions, in the forms that <c>diff</c> prints.</summary>
sealed class DiffTable
{
    /// <summary>What is sorted by when nothing is asked for.</summary>
    public const string DefaultKey = "self";

    static readonly (string Key, Func<FunctionReport, long?> Number)[] s_numbers = [("calls", f => f.Calls), ("total", f => f.TotalNs), ("self", f => f.SelfNs), ("p99", f => f.P99Ns)];

    readonly IReadOnlyList<ReportDifference> _changes;

    /// <summary>The first of them by the size of a change; where none is known, by that of the calls.</summary>
    public DiffTable(IReadOnlyList<ReportDifference> changes, string key, int top)
    {
        Func<FunctionReport, long?> number = s_numbers.First(n => n.Key == key).Number;
        _changes = [.. changes.OrderByDescending(change => Size(change.Of(number))).ThenByDescending(change => Size(change.Of(f => f.Calls))).ThenBy(change => change.Name, StringComparer.Ordinal).Take(top)];
    }

    /// <summary>What may be sorted by.</summary>
    public static IEnumerable<string> Keys => s_numbers.Select(n => n.Key);

    static ulong Size(long? change) => (ulong)Math.Abs((decimal)(change ?? 0));

    /// <summary>For people: each number with its change.</summary>
    public void WriteText(Terminal terminal)
    {
        var table = new TextTable(">calls", ">change", ">total", ">change", ">self", ">change", ">p99", ">change", "function", "module");
        foreach (ReportDifference change in _changes)
            table.Add([.. s_numbers.SelectMany(n => (string[])[Text(n.Key, change.After is { } after ? n.Number(after) : 0), Signed(n.Key, change.Of(n.Number))]), NameOf(change), change.Module]);
        table.Write(terminal);
    }

    static string NameOf(ReportDifference change) => change.Before is null ? $"{change.Name} (new)" : change.After is null ? $"{change.Name} (gone)" : change.Name;

    static string Text(string key, long? value) => key == "calls" ? Texts.Count(value ?? 0) : Texts.Time(value);

    static string Signed(string key, long? value) => value switch
    {
        null => "-",
        0 => "=",
        > 0 => "+" + Text(key, value),
        _ => "-" + Text(key, -value),
    };

    /// <summary>For programs.</summary>
    public void WriteCsv(TextWriter output)
    {
        output.Write($"name,module,{string.Join(',', s_numbers.Select(n => $"{Column(n.Key)}_a,{Column(n.Key)}_b"))}\n");
        foreach (ReportDifference change in _changes)
            output.Write($"{ReportCsv.Quoted(change.Name)},{ReportCsv.Quoted(change.Module)},{string.Join(',', s_numbers.SelectMany(n => (string[])[Plain(n.Number, change.Before), Plain(n.Number, change.After)]))}\n");
    }

    static string Column(string key) => key == "calls" ? key : $"{key}_ns";

    static string Plain(Func<FunctionReport, long?> number, FunctionReport? function) => (function is null ? null : number(function))?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>For programs.</summary>
    public void WriteJson(Stream output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteStartArray("functions");
            foreach (ReportDifference change in _changes) Write(json, change);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }

    static void Write(Utf8JsonWriter json, ReportDifference change)
    {
        json.WriteStartObject();
        json.WriteString("name", change.Name);
        json.WriteString("module", change.Module);
        Write(json, "a", change.Before);
        Write(json, "b", change.After);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, string name, FunctionReport? function)
    {
        if (function is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        foreach ((string key, Func<FunctionReport, long?> number) in s_numbers)
            json.WriteNumberOrNull(Column(key), number(function));
        json.WriteEndObject();
    }
}
