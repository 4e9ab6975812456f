namespace Calltap.Analysis.Queries;

/// <summary>How rows are written.</summary>
enum RowFormat
{
    /// <summary>Aligned columns, for people.</summary>
    Table,

    /// <summary>Comma-separated values under a heading.</summary>
    Csv,

    /// <summary>An array of objects.</summary>
    Json,

    /// <summary>An Apache Parquet file.</summary>
    Parquet,
}
