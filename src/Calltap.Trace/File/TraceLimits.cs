namespace Calltap.Trace;

/// <summary>Bounds a trace file must keep, so that a made-up number in a file cannot make the reader allocate.</summary>
public static class TraceLimits
{
    /// <summary>Most payload bytes of a chunk.</summary>
    public const int MaxChunkBytes = 32 << 20;

    /// <summary>Most bytes of a block when uncompressed.</summary>
    public const int MaxBlockBytes = 24 << 20;

    /// <summary>Most events of a chunk.</summary>
    public const int MaxEventsPerChunk = 1 << 20;

    /// <summary>Events of all threads that are decoded at once where threads are merged: some seconds of a busy machine.</summary>
    public const int MaxMergedEvents = 32 << 20;

    /// <summary>Events after which the writer closes a thread's chunk.</summary>
    public const int EventsPerChunk = 1 << 16;

    /// <summary>Most bytes of all records of a small file, uncompressed: what a million functions with long names take.</summary>
    public const long MaxRecordBytes = 256L << 20;

    /// <summary>So many more for each byte of the file.</summary>
    public const int RecordBytesPerFileByte = 16;

    /// <summary>Most records of a small file; one more for each byte of the file.</summary>
    public const long MaxRecords = 4L << 20;

    /// <summary>Most events of a small file.</summary>
    public const long MaxEvents = 64L << 20;

    /// <summary>So many more for each byte of the file: the simplest loop takes half a byte an event.</summary>
    public const int EventsPerFileByte = 64;

    /// <summary>Highest site id.</summary>
    public const uint MaxSiteId = (1u << 24) - 1;

    /// <summary>Highest function id.</summary>
    public const int MaxFunctionId = (1 << 22) - 1;

    /// <summary>Most bytes of a string; the writer cuts longer ones.</summary>
    public const int MaxStringBytes = 16 << 10;

    /// <summary>Calls of a thread that may be open at once; the frames of deeper ones are not followed.</summary>
    public const int MaxOpenCalls = 1 << 20;

    /// <summary>Stacks of a thread that are followed at once.</summary>
    public const int MaxStacksPerThread = 16;

    /// <summary>Events of a thread that are held while it is not known on which stack they are.</summary>
    public const int MaxEventsInDoubt = 4096;

    /// <summary>Held events that are looked at once more before all that are held are decided: a bound for hostile files.</summary>
    public const int MaxEventsJudged = 8 * MaxEventsInDoubt;
}
