namespace Calltap.Trace;

/// <summary>
/// What the records of one file may come to: a few bytes of zstd can hold millions of records. Far above what a recording writes, and in
/// proportion to the file where that is large.
/// </summary>
/// <param name="fileBytes">Bytes of the file.</param>
sealed class RecordBudget(long fileBytes)
{
    long _bytes = TraceLimits.MaxRecordBytes + (TraceLimits.RecordBytesPerFileByte * fileBytes);
    long _records = TraceLimits.MaxRecords + fileBytes;

    /// <summary>Takes records, or what they list, before they are made.</summary>
    /// <exception cref="TraceFormatException">There are more than a recording has.</exception>
    public void Take(int records, int bytes, ChunkPlace place)
    {
        _records -= records;
        _bytes -= bytes;
        if (_records < 0 || _bytes < 0)
            throw place.Expected("no more records than a recording of this size has");
    }
}
