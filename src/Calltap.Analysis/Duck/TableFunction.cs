using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Duck;

/// <summary>Registers an <see cref="ITable"/> as a table function: the engine calls it for the columns that a query needs, on several threads.</summary>
static unsafe class TableFunction
{
    /// <summary>Makes <c>NAME()</c> known to the connection of <paramref name="database"/>.</summary>
    /// <exception cref="DuckException">The engine does not take it.</exception>
    public static void Register(DuckDatabase database, ITable table)
    {
        nint function = NativeMethods.TableFunction.DuckDBCreateTableFunction();
        NativeMethods.TableFunction.DuckDBTableFunctionSetName(function, table.Name);
        NativeMethods.TableFunction.DuckDBTableFunctionSetExtraInfo(function, GCHandle.ToIntPtr(GCHandle.Alloc(table)), &Free);
        NativeMethods.TableFunction.DuckDBTableFunctionSetBind(function, &Bind);
        NativeMethods.TableFunction.DuckDBTableFunctionSetInit(function, &Init);
        NativeMethods.TableFunction.DuckDBTableFunctionSetFunction(function, &Fill);
        NativeMethods.TableFunction.DuckDBTableFunctionSupportsProjectionPushdown(function, true);
        DuckDBState state = NativeMethods.TableFunction.DuckDBRegisterTableFunction(database.Connection, function);
        NativeMethods.TableFunction.DuckDBDestroyTableFunction(ref function);
        if (state != DuckDBState.Success)
            throw new DuckException($"the engine did not take the table function {table.Name}");
    }

    static T ObjectOf<T>(nint handle) => (T)GCHandle.FromIntPtr(handle).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Free(nint handle)
    {
        GCHandle held = GCHandle.FromIntPtr(handle);
        (held.Target as ITableScan)?.Dispose();
        held.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Bind(nint info)
    {
        ITable table = ObjectOf<ITable>(NativeMethods.TableFunction.DuckDBBindGetExtraInfo(info));
        foreach ((string name, ColumnType type) in table.Columns)
            DuckNative.duckdb_bind_add_result_column(info, name, type.Handle);
        NativeMethods.TableFunction.DuckDBBindSetCardinality(info, (ulong)table.Rows, false);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Init(nint info)
    {
        try
        {
            ITable table = ObjectOf<ITable>(NativeMethods.TableFunction.DuckDBInitGetExtraInfo(info));
            var columns = new int[NativeMethods.TableFunction.DuckDBInitGetColumnCount(info)];
            for (int i = 0; i < columns.Length; i++)
                columns[i] = (int)NativeMethods.TableFunction.DuckDBInitGetColumnIndex(info, (ulong)i);
            DuckNative.duckdb_init_set_max_threads(info, (ulong)Environment.ProcessorCount);
            NativeMethods.TableFunction.DuckDBInitSetInitData(info, GCHandle.ToIntPtr(GCHandle.Alloc(table.Scan(columns))), &Free);
        }
        catch (Exception e)
        {
            NativeMethods.TableFunction.DuckDBInitSetError(info, e.Message); // no exception may pass through the engine
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Fill(nint info, nint output)
    {
        try
        {
            ITableScan scan = ObjectOf<ITableScan>(NativeMethods.TableFunction.DuckDBFunctionGetInitData(info));
            using var chunk = new DuckDBDataChunk(output); // stays the engine's
            Span<nint> vectors = stackalloc nint[(int)NativeMethods.DataChunks.DuckDBDataChunkGetColumnCount(chunk)];
            for (int i = 0; i < vectors.Length; i++)
                vectors[i] = NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i);
            NativeMethods.DataChunks.DuckDBDataChunkSetSize(chunk, (ulong)scan.Fill(vectors));
        }
        catch (Exception e)
        {
            NativeMethods.TableFunction.DuckDBFunctionSetError(info, e.Message);
        }
    }
}
