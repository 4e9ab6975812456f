using Calltap.Analysis.Duck;
using Calltap.Trace;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Scans;

/// <summary>The table <c>calls</c>: a row for each call, when it has ended (docs/query.md).</summary>
sealed class CallTable
{
    readonly TraceReader _trace;
    readonly ThreadNumbers _threads;
    readonly TraceTimes _times;
    readonly FunctionNumbers _names;
    readonly FunctionNumbers _modules;

    CallTable(TraceReader trace, ThreadNumbers threads, FunctionNumbers names, FunctionNumbers modules) =>
        (_trace, _threads, _times, _names, _modules) = (trace, threads, new TraceTimes(trace), names, modules);

    /// <summary>The table of a trace.</summary>
    public static ITable Of(TraceReader trace, ThreadNumbers threads, FunctionNumbers names, FunctionNumbers modules)
    {
        var table = new CallTable(trace, threads, names, modules);
        return new RowTable<Call>("calltap_calls", trace.Events / 2, table.Columns(), table.Read);
    }

    void Read(BatchWriter<Call> writer)
    {
        var coverage = new ExitCoverage(_trace.Catalog.Functions.Values, _trace.Catalog.Arming);
        var threads = new List<CallVisitor>();
        _trace.ReadParallel(TimeWindow.All, thread =>
        {
            threads.Add(new CallVisitor(_trace.Catalog.Sites, coverage, writer, _threads.Of(thread)));
            return threads[^1];
        });
        threads.ForEach(thread => thread.Finish());
    }

    RowColumn<Call>[] Columns() =>
    [
        new("id", ColumnType.Of(DuckDBType.BigInt), Ids),
        new("parent", ColumnType.Of(DuckDBType.BigInt), Parents),
        new("thread", ColumnType.Of(DuckDBType.Integer), _threads.Write),
        new("function", _names.Type, (batch, vector) => Functions(batch, vector, _names)),
        new("module", _modules.Type, (batch, vector) => Functions(batch, vector, _modules)),
        new("function_id", ColumnType.Of(DuckDBType.Integer), FunctionIds),
        new("depth", ColumnType.Of(DuckDBType.Integer), Depths),
        new("start", ColumnType.Of(DuckDBType.BigInt), Starts),
        new("duration", ColumnType.Of(DuckDBType.BigInt), Durations),
        new("self", ColumnType.Of(DuckDBType.BigInt), Selves),
        new("ended_by", ColumnType.OneOf(["unknown", "exit", "unwind"]), Ends),
        new("outermost", ColumnType.Of(DuckDBType.Boolean), Outermost),
    ];

    static void Ids(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<long> values = vector.Values<long>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = ThreadNumbers.IdOf(batch.Threads[i], batch.Rows[i].Index);
    }

    static void Parents(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<long> values = vector.Values<long>(batch.Count);
        Span<ulong> valid = vector.Validity(batch.Count);
        for (int i = 0; i < values.Length; i++)
        {
            long parent = batch.Rows[i].Parent;
            values[i] = ThreadNumbers.IdOf(batch.Threads[i], Math.Max(parent, 0));
            VectorWriter.Keep(valid, i, parent >= 0);
        }
    }

    static void Functions(RowBatch<Call> batch, VectorWriter vector, FunctionNumbers texts)
    {
        Span<int> functions = stackalloc int[batch.Count];
        for (int i = 0; i < functions.Length; i++)
            functions[i] = batch.Rows[i].Function.Value;
        texts.Write(vector, functions);
    }

    static void FunctionIds(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<int> values = vector.Values<int>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = batch.Rows[i].Function.Value;
    }

    static void Depths(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<int> values = vector.Values<int>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = batch.Rows[i].Depth;
    }

    void Starts(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<long> values = vector.Values<long>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = _times.Of(batch.Rows[i].Start);
    }

    void Durations(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<long> values = vector.Values<long>(batch.Count);
        Span<ulong> valid = vector.Validity(batch.Count);
        for (int i = 0; i < values.Length; i++)
        {
            ulong? ticks = batch.Rows[i].Ticks;
            values[i] = _times.Of(ticks.GetValueOrDefault());
            VectorWriter.Keep(valid, i, ticks.HasValue);
        }
    }

    void Selves(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<long> values = vector.Values<long>(batch.Count);
        Span<ulong> valid = vector.Validity(batch.Count);
        for (int i = 0; i < values.Length; i++)
        {
            ulong? ticks = batch.Rows[i].SelfTicks;
            values[i] = _times.Of(ticks.GetValueOrDefault());
            VectorWriter.Keep(valid, i, ticks.HasValue);
        }
    }

    static void Ends(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<byte> values = vector.Values<byte>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = (byte)batch.Rows[i].EndedBy;
    }

    static void Outermost(RowBatch<Call> batch, VectorWriter vector)
    {
        Span<byte> values = vector.Values<byte>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = batch.Rows[i].IsOutermost ? (byte)1 : (byte)0;
    }
}
