namespace Calltap.Analysis.Duck;

/// <summary>A table that the engine reads through a function. Any thread.</summary>
interface ITable
{
    /// <summary>The function's name.</summary>
    string Name { get; }

    /// <summary>Its columns.</summary>
    IReadOnlyList<(string Name, ColumnType Type)> Columns { get; }

    /// <summary>About how many rows it has.</summary>
    long Rows { get; }

    /// <summary>Starts a read of these columns, by their numbers.</summary>
    ITableScan Scan(int[] columns);
}
