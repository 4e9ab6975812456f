using System.Text;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Duck;

/// <summary>Rows that a statement gave. One thread.</summary>
sealed class DuckResult : IDisposable
{
    const int InlinedBytes = 12;
    const int StringBytes = 16;

    DuckDBResult _result;

    /// <summary>Takes over a result.</summary>
    public DuckResult(DuckDBResult result) => _result = result;

    /// <summary>The columns' names and types.</summary>
    public IReadOnlyList<(string Name, DuckDBType Type)> Columns =>
        [.. Enumerable.Range(0, (int)NativeMethods.Query.DuckDBColumnCount(ref _result)).Select(ColumnAt)];

    /// <summary>Whether the statement gives rows, rather than doing something.</summary>
    public bool HasRows => NativeMethods.Query.DuckDBResultReturnType(_result) == DuckDBResultType.QueryResult;

    /// <summary>The rows, once; null for NULL, and for columns that are not VARCHAR.</summary>
    public IEnumerable<string?[]> Texts()
    {
        bool[] isText = [.. Columns.Select(column => column.Type == DuckDBType.Varchar)];
        while (true)
        {
            using DuckDBDataChunk chunk = NativeMethods.Query.DuckDBFetchChunk(_result);
            if (chunk.IsInvalid)
                yield break;
            int rows = (int)NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk);
            if (rows == 0)
                yield break;
            for (int row = 0; row < rows; row++)
                yield return RowOf(chunk, row, isText);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMethods.Query.DuckDBDestroyResult(ref _result);

    (string Name, DuckDBType Type) ColumnAt(int index) =>
        (NativeMethods.Query.DuckDBColumnName(ref _result, index), NativeMethods.Query.DuckDBColumnType(ref _result, index));

    static string?[] RowOf(DuckDBDataChunk chunk, int row, bool[] isText)
    {
        var texts = new string?[isText.Length];
        for (int i = 0; i < isText.Length; i++)
            texts[i] = isText[i] ? TextAt(NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i), row) : null;
        return texts;
    }

    static unsafe string? TextAt(nint vector, int row)
    {
        // SAFETY: the chunk lives, has more than `row` rows, and its vector is of VARCHAR: a mask or null, and a duckdb_string_t for each row.
        ulong* valid = NativeMethods.Vectors.DuckDBVectorGetValidity(vector);
        if (valid != null && (valid[row / 64] >> (row % 64) & 1) == 0)
            return null;
        byte* text = (byte*)NativeMethods.Vectors.DuckDBVectorGetData(vector) + ((long)row * StringBytes);
        int length = *(int*)text;
        return Encoding.UTF8.GetString(length <= InlinedBytes ? text + sizeof(int) : *(byte**)(text + 8), length);
    }
}
