namespace Calltap.Trace;

/// <summary>Prints the calls of a trace as ftrace's function_graph does, threads interleaved by time, in bounded memory.</summary>
public sealed class ReplayWriter
{
    readonly TextWriter _output;
    readonly TraceCatalog _catalog;

    ReplayWriter(TextWriter output, TraceCatalog catalog) => (_output, _catalog) = (output, catalog);

    /// <summary>Prints all threads, or <paramref name="only"/> one.</summary>
    /// <exception cref="IOException">The stream or the output failed.</exception>
    public static void Write(TraceReader trace, TextWriter output, Tid? only = null)
    {
        var replay = new ReplayWriter(output, trace.Catalog);
        replay.WriteHeader();
        TraceClock clock = trace.Catalog.Clock;
        var calls = new CallReader(trace.Catalog, thread => new ReplayThread(thread, trace.Catalog, clock, output));
        trace.ReadMerged(calls, only);
        calls.Finish();
    }

    void WriteHeader()
    {
        SessionRecord session = _catalog.Session;
        if (session.CommandLine.Length > 0)
            _output.WriteLine($"# {session.CommandLine} (pid {session.Target})");
        _output.WriteLine("#    TID       DURATION     FUNCTION CALLS");
        _output.WriteLine("#     |         |   |       |   |   |   |");
    }
}
