using System.Text.Json;
using Calltap.Analysis.Duck;

namespace Calltap.Analysis.Queries;

/// <summary>Which columns of decoded tables a statement reads, and how often: the engine's own plan says so.</summary>
sealed class QueryPlan
{
    // Loading costs about as much as decoding twice more.
    const int MostScans = 2;

    // A plan may be nested as deep as the statement.
    static readonly JsonDocumentOptions s_deep = new() { MaxDepth = 1_000 };

    readonly Dictionary<string, HashSet<string>> _columns = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, int> _scans = new(StringComparer.OrdinalIgnoreCase);
    bool _isRecursive;

    /// <summary>The plan of a statement; null for one that has none (CREATE VIEW, a wrong one).</summary>
    public static QueryPlan? Of(DuckDatabase database, string statement)
    {
        try
        {
            using DuckResult result = database.Query($"EXPLAIN (FORMAT json) {statement}");
            var plan = new QueryPlan();
            foreach (string?[] row in result.Texts())
            {
                using JsonDocument document = JsonDocument.Parse(row[^1]!, s_deep);
                foreach (JsonElement node in document.RootElement.EnumerateArray())
                    plan.Add(node);
            }
            return plan;
        }
        catch (DuckException)
        {
            return null; // the statement itself will tell what is wrong
        }
    }

    /// <summary>Whether the function is read again and again, so that loading what it gives pays.</summary>
    public bool IsReadAgain(string function) => _scans.TryGetValue(function, out int scans) && (scans > MostScans || _isRecursive);

    /// <summary>The columns of the function that are read; none where it isn't.</summary>
    public IReadOnlySet<string> ColumnsOf(string function) => _columns.TryGetValue(function, out HashSet<string>? columns) ? columns : new HashSet<string>();

    void Add(JsonElement node)
    {
        string name = node.GetProperty("name").GetString()!.Trim();
        _isRecursive |= name.StartsWith("REC_", StringComparison.Ordinal) || name.StartsWith("RECURSIVE", StringComparison.Ordinal);
        _scans[name] = _scans.GetValueOrDefault(name) + 1;
        if (!_columns.TryGetValue(name, out HashSet<string>? columns))
            _columns.Add(name, columns = []);
        columns.UnionWith(ProjectionsOf(node));
        foreach (JsonElement child in node.GetProperty("children").EnumerateArray())
            Add(child);
    }

    // One is a text, several are a list.
    static IEnumerable<string> ProjectionsOf(JsonElement node)
    {
        if (!node.TryGetProperty("extra_info", out JsonElement extra) || !extra.TryGetProperty("Projections", out JsonElement projections))
            return [];
        return projections.ValueKind == JsonValueKind.Array ? projections.EnumerateArray().Select(one => one.GetString()!) : [projections.GetString()!];
    }
}
