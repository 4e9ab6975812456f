using Calltap.Analysis.Duck;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Queries;

/// <summary>Runs statements and writes their rows.</summary>
sealed class QueryRun(TraceDatabase database)
{
    /// <summary>Runs a statement and writes its rows, if it has any, as aligned columns.</summary>
    /// <exception cref="DuckException">It is wrong, or failed.</exception>
    public void WriteTable(string statement, TextWriter output)
    {
        database.Prepare(statement);
        if (ColumnsOf(statement) is { } columns)
        {
            using DuckResult texts = database.Query($"SELECT COLUMNS(*)::VARCHAR FROM ({statement}\n)");
            ResultTable.Write(columns, texts.Texts(), output);
            return;
        }
        // No part of a SELECT can be made of it: EXPLAIN gives texts, whose second column is a drawing; others do something.
        using DuckResult result = database.Query(statement);
        if (result.HasRows && result.Columns.All(column => column.Type == DuckDBType.Varchar))
            foreach (string?[] row in result.Texts())
                output.WriteLine(row[^1]);
    }

    /// <summary>Runs a statement for what it does.</summary>
    /// <exception cref="DuckException">It is wrong, or failed.</exception>
    public void Execute(string statement)
    {
        database.Prepare(statement);
        database.Query(statement).Dispose();
    }

    /// <summary>Runs a query and writes its rows to a file, or to anything that can be opened by a path and written front to back.</summary>
    /// <exception cref="DuckException">It is wrong or failed, or the file can't be written.</exception>
    public void WriteFile(string statement, RowFormat format, string path)
    {
        database.Prepare(statement);
        string options = format switch
        {
            RowFormat.Parquet => "FORMAT parquet, COMPRESSION zstd",
            RowFormat.Json => "FORMAT json, ARRAY true",
            _ => "FORMAT csv, HEADER true",
        };
        database.Query($"COPY ({PlainTypes(statement, format)}\n) TO {Quoted(path)} ({options}, USE_TMP_FILE false)").Dispose();
    }

    /// <summary>Writes all tables into a folder, as Parquet files of their names.</summary>
    /// <exception cref="DuckException">Writing failed.</exception>
    /// <exception cref="IOException">There is no such folder, and it can't be made.</exception>
    public void WriteTables(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string table in TraceDatabase.Tables)
            WriteFile($"SELECT * FROM {table}", RowFormat.Parquet, Path.Combine(folder, $"{table}.parquet"));
    }

    // Parquet has a type for enumerations, which many readers give back as bytes.
    string PlainTypes(string statement, RowFormat format)
    {
        if (format != RowFormat.Parquet || ColumnsOf(statement) is not { } columns)
            return statement;
        string[] texts = [.. columns.Where(column => column.Type == DuckDBType.Enum).Select(column => $"\"{column.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")];
        return texts.Length == 0 ? statement : $"SELECT * REPLACE ({string.Join(", ", texts.Select(name => $"{name}::VARCHAR AS {name}"))}) FROM ({statement}\n)";
    }

    // The columns of what can stand in a FROM; null for other statements, and wrong ones.
    IReadOnlyList<(string Name, DuckDBType Type)>? ColumnsOf(string statement)
    {
        try
        {
            using DuckResult none = database.Query($"SELECT * FROM ({statement}\n) LIMIT 0");
            return none.Columns;
        }
        catch (DuckException)
        {
            return null;
        }
    }

    static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
