using Calltap.Analysis.Duck;

namespace Calltap.Analysis.Scans;

/// <summary>A read for one query: rows come from the decoding threads, the engine's threads write the columns asked for.</summary>
sealed class RowScan<T>(TraceRead<T> read, IReadOnlyList<RowColumn<T>> columns) : ITableScan
{
    /// <inheritdoc/>
    public int Fill(ReadOnlySpan<nint> vectors)
    {
        if (read.Queue.Take() is not { } batch)
            return 0;
        for (int i = 0; i < columns.Count; i++)
            columns[i].Write(batch, new VectorWriter(vectors[i]));
        int rows = batch.Count;
        read.Queue.Return(batch);
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose() => read.Dispose();
}
