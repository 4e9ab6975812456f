using DuckDB.NET.Native;

namespace Calltap.Analysis.Duck;

/// <summary>
/// A DuckDB database in memory, with one connection. It never loads an extension by itself, so nothing is fetched from a network. One thread, but for
/// <see cref="Interrupt"/>.
/// </summary>
sealed class DuckDatabase : IDisposable
{
    readonly DuckDBDatabase _database;
    readonly DuckDBNativeConnection _connection;

    /// <summary>Opens an empty one.</summary>
    /// <param name="spill">The folder for what does not fit into memory.</param>
    /// <param name="memory">What the engine may use.</param>
    /// <exception cref="DuckException">It can't be opened.</exception>
    public DuckDatabase(string spill, ByteSize memory)
    {
        (string Name, string Value)[] options =
        [
            ("autoinstall_known_extensions", "false"), ("autoload_known_extensions", "false"), ("allow_community_extensions", "false"),
            ("temp_directory", spill), ("memory_limit", $"{memory.Value / 1_000_000}MB"),
            // The order of rows that no ORDER BY asks for is not worth reading on one processor.
            ("preserve_insertion_order", "false"),
        ];
        NativeMethods.Configuration.DuckDBCreateConfig(out DuckDBConfig config);
        using (config)
        {
            foreach ((string name, string value) in options)
                if (NativeMethods.Configuration.DuckDBSetConfig(config, name, value) != DuckDBState.Success)
                    throw new DuckException($"the engine knows no setting {name}");
            if (NativeMethods.Startup.DuckDBOpen(":memory:", out _database, config, out string error) != DuckDBState.Success)
                throw new DuckException(error);
        }
        if (NativeMethods.Startup.DuckDBConnect(_database, out _connection) != DuckDBState.Success)
            throw new DuckException("the engine gave no connection");
    }

    /// <summary>The connection, for what registers with it.</summary>
    public DuckDBNativeConnection Connection => _connection;

    /// <summary>Runs one or more statements and gives the result of the last, all of it.</summary>
    /// <exception cref="DuckException">A statement is wrong, or failed.</exception>
    public DuckResult Query(string sql)
    {
        DuckDBState state = NativeMethods.Query.DuckDBQuery(_connection, sql, out DuckDBResult result);
        if (state == DuckDBState.Success)
            return new DuckResult(result);
        string error = NativeMethods.Query.DuckDBResultError(ref result);
        NativeMethods.Query.DuckDBDestroyResult(ref result);
        throw new DuckException(error);
    }

    /// <summary>Runs one or more statements.</summary>
    /// <exception cref="DuckException">A statement is wrong, or failed.</exception>
    public void Execute(string sql) => Query(sql).Dispose();

    /// <summary>Has the statement that runs fail soon; any thread.</summary>
    public void Interrupt() => NativeMethods.Startup.DuckDBInterrupt(_connection);

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }
}
