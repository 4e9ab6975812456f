using Calltap.Analysis.Duck;
using Calltap.Trace;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Scans;

/// <summary>The table <c>events</c>: what the file holds, before calls are made of it (docs/query.md).</summary>
sealed class EventTable
{
    readonly TraceReader _trace;
    readonly ThreadNumbers _threads;
    readonly TraceTimes _times;
    readonly FunctionNumbers _names;

    EventTable(TraceReader trace, ThreadNumbers threads, FunctionNumbers names) =>
        (_trace, _threads, _times, _names) = (trace, threads, new TraceTimes(trace), names);

    /// <summary>The table of a trace.</summary>
    public static ITable Of(TraceReader trace, ThreadNumbers threads, FunctionNumbers names)
    {
        var table = new EventTable(trace, threads, names);
        return new RowTable<TraceEvent>("calltap_events", trace.Events, table.Columns(), table.Read);
    }

    void Read(BatchWriter<TraceEvent> writer) => _trace.ReadParallel(TimeWindow.All, thread => new EventVisitor(writer, _threads.Of(thread)));

    RowColumn<TraceEvent>[] Columns() =>
    [
        new("thread", ColumnType.Of(DuckDBType.Integer), _threads.Write),
        new("time", ColumnType.Of(DuckDBType.BigInt), Times),
        new("kind", ColumnType.OneOf(["unknown", "entry", "exit", "tail exit", "entry alone"]), Kinds),
        new("function", _names.Type, Functions),
        new("function_id", ColumnType.Of(DuckDBType.Integer), FunctionIds),
        new("site", ColumnType.Of(DuckDBType.UnsignedInteger), Sites),
        new("stack", ColumnType.Of(DuckDBType.UnsignedInteger), Stacks),
    ];

    void Times(RowBatch<TraceEvent> batch, VectorWriter vector)
    {
        Span<long> values = vector.Values<long>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = _times.Of(batch.Rows[i].Time);
    }

    void Kinds(RowBatch<TraceEvent> batch, VectorWriter vector)
    {
        Span<byte> values = vector.Values<byte>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = (byte)SiteOf(batch, i).Kind;
    }

    void Functions(RowBatch<TraceEvent> batch, VectorWriter vector)
    {
        Span<int> functions = stackalloc int[batch.Count];
        for (int i = 0; i < functions.Length; i++)
            functions[i] = SiteOf(batch, i) is { Kind: not SiteKind.Unknown } site ? site.Function.Value : -1;
        _names.Write(vector, functions);
    }

    void FunctionIds(RowBatch<TraceEvent> batch, VectorWriter vector)
    {
        Span<int> values = vector.Values<int>(batch.Count);
        Span<ulong> valid = vector.Validity(batch.Count);
        for (int i = 0; i < values.Length; i++)
        {
            SiteRecord site = SiteOf(batch, i);
            values[i] = site.Function.Value;
            VectorWriter.Keep(valid, i, site.Kind != SiteKind.Unknown);
        }
    }

    static void Sites(RowBatch<TraceEvent> batch, VectorWriter vector)
    {
        Span<uint> values = vector.Values<uint>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = batch.Rows[i].Site.Value;
    }

    static void Stacks(RowBatch<TraceEvent> batch, VectorWriter vector)
    {
        Span<uint> values = vector.Values<uint>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = batch.Rows[i].StackLow;
    }

    SiteRecord SiteOf(RowBatch<TraceEvent> batch, int row) => _trace.Catalog.Sites.Find(batch.Rows[row].Site);
}
