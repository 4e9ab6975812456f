namespace Calltap.Trace;

/// <summary>A trace file that is not what docs/trace-format.md says.</summary>
public sealed class TraceFormatException : Exception
{
    /// <summary>Tells what was expected at <paramref name="offset"/> of <paramref name="file"/>.</summary>
    public TraceFormatException(string file, FileOffset offset, string expectation)
        : base($"{file}: at {offset}: expected {expectation}.") =>
        (File, Offset, Expectation) = (file, offset, expectation);

    /// <summary>As above, with the cause.</summary>
    public TraceFormatException(string file, FileOffset offset, string expectation, Exception inner)
        : base($"{file}: at {offset}: expected {expectation}.", inner) =>
        (File, Offset, Expectation) = (file, offset, expectation);

    /// <summary>The name the file was opened with.</summary>
    public string File { get; }

    /// <summary>Where the chunk or header starts that is wrong.</summary>
    public FileOffset Offset { get; }

    /// <summary>What should have been there.</summary>
    public string Expectation { get; }
}
