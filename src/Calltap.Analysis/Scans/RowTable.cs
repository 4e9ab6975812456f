using Calltap.Analysis.Duck;

namespace Calltap.Analysis.Scans;

/// <summary>A table whose rows are decoded anew for each query.</summary>
/// <param name="name">The function's name.</param>
/// <param name="rows">About how many rows it has.</param>
/// <param name="columns">Its columns.</param>
/// <param name="read">Delivers the whole trace.</param>
sealed class RowTable<T>(string name, long rows, IReadOnlyList<RowColumn<T>> columns, Action<BatchWriter<T>> read) : ITable
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, ColumnType Type)> Columns { get; } = [.. columns.Select(column => (column.Name, column.Type))];

    /// <inheritdoc/>
    public long Rows => rows;

    /// <inheritdoc/>
    // A number that is none asks for no column: the engine wants to know how many rows there are.
    public ITableScan Scan(int[] wanted) => new RowScan<T>(new TraceRead<T>(read), [.. wanted.Where(i => (uint)i < (uint)columns.Count).Select(i => columns[i])]);
}
