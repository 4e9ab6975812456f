using Calltap.Analysis.Duck;

namespace Calltap.Analysis.Scans;

/// <summary>Rows on their way from the decoding threads to the engine's; those of several threads of the trace may be in one.</summary>
/// <typeparam name="T">What a row is made of.</typeparam>
sealed class RowBatch<T>
{
    /// <summary>The rows.</summary>
    public T[] Rows { get; } = new T[ITableScan.ChunkRows];

    /// <summary>The thread of each, as a number in <see cref="ThreadNumbers"/>.</summary>
    public int[] Threads { get; } = new int[ITableScan.ChunkRows];

    /// <summary>Number of rows.</summary>
    public int Count { get; set; }

    /// <summary>Whether there is no room for another.</summary>
    public bool IsFull => Count == Rows.Length;

    /// <summary>Adds a row.</summary>
    public void Add(in T row, int thread)
    {
        Rows[Count] = row;
        Threads[Count++] = thread;
    }
}
