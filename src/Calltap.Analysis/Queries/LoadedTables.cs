using Calltap.Analysis.Duck;

namespace Calltap.Analysis.Queries;

/// <summary>The database file that tables are loaded into; it is made when the first is.</summary>
sealed class LoadedTables(DuckDatabase database, string folder)
{
    /// <summary>Its name in statements.</summary>
    public const string Catalog = "calltap_loaded";

    bool _isAttached;

    /// <summary>Makes or replaces a table by a query.</summary>
    public void Create(string name, string query)
    {
        if (!_isAttached)
            database.Execute($"ATTACH '{Path.Combine(folder, "loaded.duckdb").Replace("'", "''", StringComparison.Ordinal)}' AS {Catalog}");
        _isAttached = true;
        database.Execute($"CREATE OR REPLACE TABLE {Catalog}.{name} AS {query}");
    }
}
