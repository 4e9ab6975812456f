using System.Text;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Duck;

/// <summary>The type of a column. Lives as long as the program: a table's columns are bound again for each query.</summary>
sealed class ColumnType
{
    ColumnType(nint handle, string sql) => (Handle, Sql) = (handle, sql);

    /// <summary>The engine's object.</summary>
    public nint Handle { get; }

    /// <summary>A type in SQL that may stand for it.</summary>
    public string Sql { get; }

    /// <summary>A type without parameters.</summary>
    public static ColumnType Of(DuckDBType type) => new(DuckNative.duckdb_create_logical_type((int)type), type switch
    {
        DuckDBType.UnsignedInteger => "UINTEGER",
        DuckDBType.UnsignedBigInt => "UBIGINT",
        _ => type.ToString(),
    });

    /// <summary>One of these texts, stored as their numbers: unsigned, in one byte for up to 255 of them, in two for up to 65,535, else in four.</summary>
    public static unsafe ColumnType OneOf(IReadOnlyList<string> values)
    {
        byte[] all = [.. values.SelectMany(value => (byte[])[.. Encoding.UTF8.GetBytes(value), 0])];
        var names = new nint[values.Count];
        // SAFETY: both arrays stay where they are until the engine has copied the texts; each ends with a zero in `all`.
        fixed (byte* texts = all)
        fixed (nint* first = names)
        {
            byte* next = texts;
            for (int i = 0; i < names.Length; i++)
            {
                names[i] = (nint)next;
                next += Encoding.UTF8.GetByteCount(values[i]) + 1;
            }
            return new ColumnType(DuckNative.duckdb_create_enum_type((byte**)first, (ulong)names.Length), "VARCHAR");
        }
    }

    /// <summary>Bytes of a number of a type made by <see cref="OneOf"/>.</summary>
    public int NumberBytes => (DuckDBType)DuckNative.duckdb_enum_internal_type(Handle) switch
    {
        DuckDBType.UnsignedTinyInt => 1,
        DuckDBType.UnsignedSmallInt => 2,
        _ => 4,
    };
}
