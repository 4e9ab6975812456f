namespace Calltap.Analysis.Duck;

/// <summary>A read of a table for one query. Disposed of when the query ends, also before all is read.</summary>
interface ITableScan : IDisposable
{
    /// <summary>Most rows that <see cref="Fill"/> may give at once.</summary>
    const int ChunkRows = 2048;

    /// <summary>Fills a chunk; several threads at a time, each with its own.</summary>
    /// <param name="vectors">The engine's vectors for the columns asked for.</param>
    /// <returns>Rows put; 0 at the end.</returns>
    int Fill(ReadOnlySpan<nint> vectors);
}
