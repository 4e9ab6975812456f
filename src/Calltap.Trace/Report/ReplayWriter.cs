namespace Calltap.Trace;

/// <summary>Prints the calls of a trace as ftrace's function_graph does, threads interleaved by time, in bounded memory.</summary>
public sealed class ReplayWriter : IEventVisitor
{
    const int MaxProcesses = 100; // named at the top

    readonly TextWriter _output;
    readonly TraceCatalog _catalog;
    readonly CallReader _calls;
    readonly ReplayLines _lines;

    ReplayWriter(TextWriter output, TraceCatalog catalog, CallScope scope)
    {
        (_output, _catalog) = (output, catalog);
        TraceClock clock = catalog.Clock;
        _calls = new CallReader(catalog, thread => new ReplayThread(thread, catalog, clock, _lines!), scope);
        _lines = new ReplayLines(output, thread => _calls.Threads[thread].Now);
    }

    /// <summary>
    /// Prints all threads, or <paramref name="only"/> some, by their ids in the file; or the events in a window, as if there were no others; or the calls in a scope.
    /// </summary>
    /// <exception cref="IOException">The stream or the output failed.</exception>
    public static void Write(TraceReader trace, TextWriter output, IReadOnlySet<Tid>? only = null, TimeWindow? window = null, CallScope? scope = null)
    {
        var replay = new ReplayWriter(output, trace.Catalog, scope ?? CallScope.All);
        replay.WriteHeader();
        trace.ReadMerged(replay, only, window);
        replay._calls.Finish();
        replay._lines.Hold(false);
    }

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        _calls.OnEvents(thread, events);
        _lines.Hold(_calls.IsInDoubt);
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        _calls.OnLost(lost);
        _lines.Hold(_calls.IsInDoubt);
    }

    void WriteProcesses()
    {
        foreach (ProcessRecord process in _catalog.Processes.Values.OrderBy(p => p.Id).Take(MaxProcesses))
            _output.WriteLine($"# {process.CommandLine} (pid {process.Pid})");
        if (_catalog.Processes.Count > MaxProcesses)
            _output.WriteLine($"# and {_catalog.Processes.Count - MaxProcesses} programs more");
    }

    void WriteHeader()
    {
        SessionRecord session = _catalog.Session;
        if (_catalog.Processes.Count > 1)
            WriteProcesses();
        else if (session.CommandLine.Length > 0)
            _output.WriteLine($"# {session.CommandLine} (pid {session.Target})");
        _output.WriteLine("#    TID       DURATION     FUNCTION CALLS");
        _output.WriteLine("#     |         |   |       |   |   |   |");
    }
}
