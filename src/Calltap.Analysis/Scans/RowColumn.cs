using Calltap.Analysis.Duck;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Scans;

/// <summary>A column of a table of rows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Write">Writes its values for a batch.</param>
sealed record RowColumn<T>(string Name, ColumnType Type, RowColumn<T>.Writer Write)
{
    /// <summary>Writes the values of a batch into a vector.</summary>
    public delegate void Writer(RowBatch<T> batch, VectorWriter vector);

    /// <summary>A column of texts, for tables of few rows.</summary>
    public static RowColumn<T> Text(string name, Func<T, string> textOf) => new(name, ColumnType.Of(DuckDBType.Varchar), (batch, vector) =>
    {
        for (int i = 0; i < batch.Count; i++)
            vector.SetText(i, textOf(batch.Rows[i]));
    });

    /// <summary>A column of numbers, for tables of few rows; <typeparamref name="TValue"/> is as wide as <paramref name="type"/>.</summary>
    public static RowColumn<T> Number<TValue>(string name, DuckDBType type, Func<T, TValue> valueOf) where TValue : unmanaged => new(name, ColumnType.Of(type), (batch, vector) =>
    {
        Span<TValue> values = vector.Values<TValue>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = valueOf(batch.Rows[i]);
    });
}
