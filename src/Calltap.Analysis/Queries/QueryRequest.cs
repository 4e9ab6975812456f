namespace Calltap.Analysis.Queries;

/// <summary>What this program is asked to do (docs/adr/0019-queries-run-beside-the-tool.md).</summary>
/// <param name="File">The trace.</param>
/// <param name="Sql">The statements; null: those of a prompt.</param>
/// <param name="Format">How rows are written.</param>
/// <param name="Output">The file they are written to; null: stdout.</param>
/// <param name="Tables">The folder that all tables are written to; null: none.</param>
sealed record QueryRequest(string File, string? Sql, RowFormat Format, string? Output, string? Tables)
{
    /// <summary>Reads pairs of a name and a value.</summary>
    /// <exception cref="FormatException">They are none.</exception>
    public static QueryRequest Parse(IReadOnlyList<string> arguments)
    {
        var values = new Dictionary<string, string>();
        for (int i = 0; i + 1 < arguments.Count; i += 2)
            values[arguments[i]] = arguments[i + 1];
        if (arguments.Count % 2 != 0 || !values.Remove("--file", out string? file) || !values.Remove("--format", out string? format) || !Enum.TryParse(format, ignoreCase: true, out RowFormat rows))
            throw new FormatException("this is the part of `calltap query` that holds the SQL engine: run that instead");
        values.Remove("--sql", out string? sql);
        values.Remove("--output", out string? output);
        values.Remove("--tables", out string? tables);
        return values.Count == 0 ? new QueryRequest(file, sql, rows, output, tables) : throw new FormatException($"no such argument: {values.Keys.First()}");
    }
}
