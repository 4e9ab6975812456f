using Calltap.Analysis.Duck;
using Calltap.Trace;
using DuckDB.NET.Native;

namespace Calltap.Analysis.Scans;

/// <summary>The table <c>threads</c>: those that have events, or lost some (docs/query.md).</summary>
static class ThreadTable
{
    /// <summary>The table of a trace.</summary>
    public static ITable Of(TraceReader trace)
    {
        IReadOnlyList<ThreadInfo> threads = TraceInfo.Of(trace).Threads;
        return new RowTable<ThreadInfo>("calltap_threads", threads.Count, Columns(trace.Catalog), writer => Read(threads, writer));
    }

    static void Read(IReadOnlyList<ThreadInfo> threads, BatchWriter<ThreadInfo> writer)
    {
        RowBatch<ThreadInfo> batch = writer.Borrow();
        foreach (ThreadInfo thread in threads)
            writer.Add(ref batch, thread, 0);
        writer.GiveBack(batch);
    }

    static RowColumn<ThreadInfo>[] Columns(TraceCatalog catalog) =>
    [
        RowColumn<ThreadInfo>.Number("id", DuckDBType.Integer, thread => thread.Id.Value),
        RowColumn<ThreadInfo>.Number("tid", DuckDBType.Integer, thread => thread.Tid.Value),
        RowColumn<ThreadInfo>.Text("name", thread => thread.Name),
        RowColumn<ThreadInfo>.Number("pid", DuckDBType.Integer, thread => thread.Pid.Value),
        RowColumn<ThreadInfo>.Text("process", thread => ProcessOf(catalog, thread.Id)?.Name ?? ""),
        RowColumn<ThreadInfo>.Text("command", thread => ProcessOf(catalog, thread.Id)?.CommandLine ?? catalog.Session.CommandLine),
        RowColumn<ThreadInfo>.Number("events", DuckDBType.BigInt, thread => thread.Events),
        RowColumn<ThreadInfo>.Number("lost_entries", DuckDBType.BigInt, thread => thread.LostEntries),
        RowColumn<ThreadInfo>.Number("lost_exits", DuckDBType.BigInt, thread => thread.LostExits),
        RowColumn<ThreadInfo>.Number("lost_events", DuckDBType.BigInt, thread => thread.Holes),
    ];

    static ProcessRecord? ProcessOf(TraceCatalog catalog, Tid thread) =>
        catalog.Tasks.TryGetValue(thread, out TaskRecord task) ? catalog.Processes.GetValueOrDefault(task.Process) : null;
}
