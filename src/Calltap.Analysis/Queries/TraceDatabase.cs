using Calltap.Analysis.Duck;
using Calltap.Analysis.Scans;
using Calltap.Trace;

namespace Calltap.Analysis.Queries;

/// <summary>A trace as a database. One thread, but for <see cref="Interrupt"/>.</summary>
sealed class TraceDatabase : IDisposable
{
    // The engine and what decodes stay below 4 GB together.
    static readonly ByteSize s_mostMemory = new(3_000_000_000);

    readonly DuckDatabase _database;
    readonly DecodedTable[] _decoded;

    /// <summary>Opens a trace, which stays the caller's.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="folder">An empty folder for what does not fit into memory, and for loaded tables.</param>
    /// <exception cref="DuckException">The engine failed.</exception>
    public TraceDatabase(TraceReader trace, string folder)
    {
        _database = new DuckDatabase(folder, new ByteSize(Math.Min(s_mostMemory.Value, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2)));
        var threads = new ThreadNumbers(trace);
        var names = new FunctionNumbers(trace.Catalog, trace.Catalog.NameOf);
        var modules = new FunctionNumbers(trace.Catalog, trace.Catalog.ModuleOf);
        var loaded = new LoadedTables(_database, folder);
        _decoded =
        [
            new DecodedTable(_database, loaded, "calls", CallTable.Of(trace, threads, names, modules)),
            new DecodedTable(_database, loaded, "events", EventTable.Of(trace, threads, names)),
        ];
        Array.ForEach(_decoded, table => table.Create());
        Keep("functions", FunctionTable.Of(trace.Catalog));
        Keep("threads", ThreadTable.Of(trace));
    }

    /// <summary>The tables' names.</summary>
    public static IReadOnlyList<string> Tables { get; } = ["calls", "events", "functions", "threads"];

    /// <summary>Has tables that this statement reads again and again loaded, so that the next one to run may be it.</summary>
    /// <exception cref="DuckException">Loading failed.</exception>
    public void Prepare(string statement)
    {
        Array.ForEach(_decoded, table => table.ShowDecoded());
        if (QueryPlan.Of(_database, statement) is { } plan)
            Array.ForEach(_decoded, table => table.ShowFor(plan));
    }

    /// <summary>Loads all decoded tables.</summary>
    /// <exception cref="DuckException">Loading failed.</exception>
    public void LoadAll() => Array.ForEach(_decoded, table => table.LoadAll());

    /// <inheritdoc cref="DuckDatabase.Query"/>
    public DuckResult Query(string sql) => _database.Query(sql);

    /// <inheritdoc cref="DuckDatabase.Interrupt"/>
    public void Interrupt() => _database.Interrupt();

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();

    void Keep(string name, ITable table)
    {
        TableFunction.Register(_database, table);
        _database.Execute($"CREATE TABLE {name} AS SELECT * FROM {table.Name}()");
    }
}
