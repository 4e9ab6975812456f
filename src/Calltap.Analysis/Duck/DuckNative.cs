using System.Runtime.InteropServices;

namespace Calltap.Analysis.Duck;

/// <summary>What of DuckDB's C interface (duckdb.h) the bindings leave out.</summary>
static unsafe partial class DuckNative
{
    /// <summary>How many threads of the engine may call a table function at a time; without it one.</summary>
    [LibraryImport("duckdb")]
    internal static partial void duckdb_init_set_max_threads(nint info, ulong max_threads);

    /// <summary>A type with these values, which are copied.</summary>
    [LibraryImport("duckdb")]
    internal static partial nint duckdb_create_enum_type(byte** member_names, ulong member_count);

    /// <summary>Ends a type.</summary>
    [LibraryImport("duckdb")]
    internal static partial void duckdb_destroy_logical_type(nint* type);

    /// <summary>The type by which the values of an enumeration are stored (duckdb_type).</summary>
    [LibraryImport("duckdb")]
    internal static partial int duckdb_enum_internal_type(nint type);

    /// <summary>A type without parameters.</summary>
    [LibraryImport("duckdb")]
    internal static partial nint duckdb_create_logical_type(int type);

    /// <summary>A column of a table function; name and type are copied.</summary>
    [LibraryImport("duckdb", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void duckdb_bind_add_result_column(nint info, string name, nint type);
}
