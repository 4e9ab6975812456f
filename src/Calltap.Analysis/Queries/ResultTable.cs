using DuckDB.NET.Native;

namespace Calltap.Analysis.Queries;

/// <summary>Rows as aligned columns.</summary>
static class ResultTable
{
    const int RowsMeasured = 10_000; // the widths of a long result are those of its beginning
    const int WidestPadded = 60;
    const string Null = "-";

    /// <summary>Writes a heading and the rows.</summary>
    public static void Write(IReadOnlyList<(string Name, DuckDBType Type)> columns, IEnumerable<string?[]> rows, TextWriter output)
    {
        using IEnumerator<string?[]> next = rows.GetEnumerator();
        List<string?[]> first = [];
        while (first.Count < RowsMeasured && next.MoveNext())
            first.Add(next.Current);
        int[] widths = [.. columns.Select((column, i) => Math.Max(column.Name.Length, first.Count == 0 ? 0 : Math.Min(first.Max(row => (row[i] ?? Null).Length), WidestPadded)))];
        bool[] isNumber = [.. columns.Select(column => IsNumber(column.Type))];
        WriteRow([.. columns.Select(column => column.Name)], widths, isNumber, output);
        foreach (string?[] row in first)
            WriteRow(row, widths, isNumber, output);
        while (next.MoveNext())
            WriteRow(next.Current, widths, isNumber, output);
    }

    static void WriteRow(string?[] cells, int[] widths, bool[] isNumber, TextWriter output)
    {
        for (int i = 0; i < cells.Length; i++)
        {
            string cell = cells[i] ?? Null;
            output.Write(i > 0 ? "  " : "");
            output.Write(isNumber[i] ? cell.PadLeft(widths[i]) : i == cells.Length - 1 ? cell : cell.PadRight(widths[i]));
        }
        output.WriteLine();
    }

    static bool IsNumber(DuckDBType type) => type
        is >= DuckDBType.TinyInt and <= DuckDBType.Double
        or DuckDBType.HugeInt or DuckDBType.UnsignedHugeInt or DuckDBType.Decimal;
}
