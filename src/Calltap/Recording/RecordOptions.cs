namespace Calltap.Recording;

/// <summary>What a recording is of, and when it stops by itself.</summary>
public sealed record RecordOptions
{
    /// <summary>Largest file that is written; the recording stops cleanly before it grows beyond.</summary>
    public ByteSize MaxSize { get; init; } = new(2L << 30);

    /// <summary>What was asked for, in words, for the file's header.</summary>
    public string Scope { get; init; } = "";
}
