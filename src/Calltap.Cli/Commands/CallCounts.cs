using System.Text.Json;
using Calltap.Cli.Output;
using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.Cli.Commands;

/// <summary>Calls of functions, the most called first; all versions of a .NET method together.</summary>
/// <param name="Functions">Functions with at least one call.</param>
/// <param name="Uncounted">Calls of threads that found no room for counters.</param>
sealed record CallCounts(IReadOnlyList<(TargetFunction Function, ulong Calls)> Functions, ulong Uncounted)
{
    /// <summary>All calls.</summary>
    public ulong Total => Functions.Aggregate(0ul, (sum, f) => sum + f.Calls);

    /// <summary>What an op has counted so far.</summary>
    public static CallCounts Of(TraceSession session, Op op) =>
        Sum(session.Counts(op).Where(c => c.Value > 0).OrderBy(c => c.Key.Value).Select(c => (session.Catalog.Functions[c.Key.Value], c.Value)), session.Unattributed);

    /// <summary>What was added since <paramref name="before"/>.</summary>
    public CallCounts Since(CallCounts before)
    {
        Dictionary<(string, ImageAddress, string), ulong> known = before.Functions.ToDictionary(f => Key(f.Function), f => f.Calls);
        return new CallCounts(
            [.. Functions.Select(f => (f.Function, Calls: f.Calls - known.GetValueOrDefault(Key(f.Function)))).Where(f => f.Calls > 0).OrderByDescending(f => f.Calls)],
            Uncounted - before.Uncounted);
    }

    /// <summary>The first <paramref name="top"/> as a table.</summary>
    public TextTable ToTable(int top)
    {
        var table = new TextTable(">calls", "function", "module");
        foreach ((TargetFunction function, ulong calls) in Functions.Take(top))
            table.Add($"{calls:N0}", function.Name, function.Module.Name);
        return table;
    }

    /// <summary>As one JSON object.</summary>
    public void WriteJson(Stream output, TimeSpan duration)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartArray("functions");
        foreach ((TargetFunction function, ulong calls) in Functions)
        {
            json.WriteStartObject();
            json.WriteString("name", function.Name);
            json.WriteString("module", function.Module.Name);
            json.WriteNumber("calls", calls);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("total", Total);
        json.WriteNumber("uncounted", Uncounted);
        json.WriteNumber("duration_ns", duration.Ticks * 100);
        json.WriteEndObject();
    }

    /// <summary>The same function of the same file in all processes together.</summary>
    public static CallCounts Sum(IEnumerable<CallCounts> counts)
    {
        CallCounts[] parts = [.. counts];
        return Sum(parts.SelectMany(part => part.Functions), parts.Aggregate(0ul, (sum, part) => sum + part.Uncounted));
    }

    static CallCounts Sum(IEnumerable<(TargetFunction Function, ulong Calls)> counts, ulong uncounted)
    {
        var sums = new Dictionary<(string, ImageAddress, string), (TargetFunction Function, ulong Calls)>();
        foreach ((TargetFunction function, ulong calls) in counts)
            sums[Key(function)] = (function, calls + sums.GetValueOrDefault(Key(function)).Calls);
        return new CallCounts([.. sums.Values.OrderByDescending(f => f.Calls).ThenBy(f => f.Function.Name, StringComparer.Ordinal)], uncounted);
    }

    static (string, ImageAddress, string) Key(TargetFunction function) => (function.Module.Path, function.Identity.Address, function.Identity.Method);
}
