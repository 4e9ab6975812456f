using Calltap.Analysis.Duck;
using Calltap.Trace;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Scans;

/// <summary>The table <c>functions</c>: those that the file describes (docs/query.md).</summary>
static class FunctionTable
{
    /// <summary>The table of a trace.</summary>
    public static ITable Of(TraceCatalog catalog) =>
        new RowTable<FunctionRecord>("calltap_functions", catalog.Functions.Count, Columns(catalog), writer => Read(catalog, writer));

    static void Read(TraceCatalog catalog, BatchWriter<FunctionRecord> writer)
    {
        RowBatch<FunctionRecord> batch = writer.Borrow();
        foreach (FunctionRecord function in catalog.Functions.Values.OrderBy(function => function.Id.Value))
            writer.Add(ref batch, function, 0);
        writer.GiveBack(batch);
    }

    static RowColumn<FunctionRecord>[] Columns(TraceCatalog catalog) =>
    [
        RowColumn<FunctionRecord>.Number("id", DuckDBType.Integer, function => function.Id.Value),
        RowColumn<FunctionRecord>.Text("name", function => function.DisplayName),
        RowColumn<FunctionRecord>.Text("linker_name", function => function.Name),
        RowColumn<FunctionRecord>.Text("module", function => catalog.ModuleOf(function.Id)),
        RowColumn<FunctionRecord>.Text("path", function => catalog.Modules.GetValueOrDefault(function.Module)?.Path ?? ""),
        RowColumn<FunctionRecord>.Text("build_id", function => catalog.Modules.GetValueOrDefault(function.Module)?.BuildId ?? ""),
        RowColumn<FunctionRecord>.Number("address", DuckDBType.UnsignedBigInt, function => function.Address.Value),
        RowColumn<FunctionRecord>.Number("size", DuckDBType.BigInt, function => function.Size.Value),
        RowColumn<FunctionRecord>.Number("all_exits", DuckDBType.Boolean, function => function.Flags.HasFlag(FunctionFlags.AllExitsPatched)),
    ];
}
