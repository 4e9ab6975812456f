using System.Text;

namespace Calltap.Trace;

/// <summary>Prints the calls of a trace as ftrace's function_graph does, threads interleaved by time, in bounded memory.</summary>
public sealed class ReplayWriter : IEventVisitor
{
    const int MaxProcesses = 100; // named at the top

    readonly LineBuffer _output;
    readonly TraceCatalog _catalog;
    readonly ExitCoverage _coverage;
    readonly ReplayOptions _options;
    readonly ReplayNames _names;
    readonly ReplayFormat _format;
    readonly ReplayLines _lines;
    readonly Dictionary<Tid, ReplayThread> _threads = [];
    int _doubts;

    ReplayWriter(TraceReader trace, LineBuffer output, ReplayOptions options)
    {
        (_output, _catalog, _options) = (output, trace.Catalog, options);
        _coverage = new ExitCoverage(_catalog);
        _names = new ReplayNames(_catalog);
        _format = new ReplayFormat(output, _catalog.Clock, trace.EventChunks.Select(chunk => chunk.First.Value).DefaultIfEmpty().Min());
        _lines = new ReplayLines(output);
    }

    /// <summary>
    /// Prints all threads, or <paramref name="only"/> some, by their ids in the file; or the events in a window, as if there were no others; or the calls in a scope.
    /// </summary>
    /// <exception cref="IOException">The stream or the output failed.</exception>
    public static void Write(TraceReader trace, TextWriter output, IReadOnlySet<Tid>? only = null, TimeWindow? window = null, CallScope? scope = null) =>
        Write(trace, output, new ReplayOptions { Only = only, Window = window ?? TimeWindow.All, Scope = scope ?? CallScope.All });

    /// <summary>Prints what the options ask for.</summary>
    /// <exception cref="IOException">The stream or the output failed.</exception>
    public static void Write(TraceReader trace, TextWriter output, ReplayOptions options) => Write(trace, new TextWriterStream(output), options, isBackground: false);

    /// <summary>The same as UTF-8; a thread of its own writes to the stream until this returns or throws.</summary>
    /// <exception cref="IOException">The stream or the output failed.</exception>
    public static void Write(TraceReader trace, Stream output, ReplayOptions options) => Write(trace, output, options, isBackground: true);

    static void Write(TraceReader trace, Stream output, ReplayOptions options, bool isBackground)
    {
        using var lines = new LineBuffer(output, isBackground);
        var replay = new ReplayWriter(trace, lines, options);
        replay.WriteHeader();
        trace.ReadMerged(replay, options.Only, options.Window);
        replay.Finish();
        lines.Finish();
    }

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        ReplayThread lines = ThreadOf(thread);
        _doubts -= lines.IsInDoubt ? 1 : 0;
        lines.Add(events);
        _doubts += lines.IsInDoubt ? 1 : 0;
        _lines.Hold(_doubts > 0);
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        ReplayThread lines = ThreadOf(lost.Thread);
        _doubts -= lines.IsInDoubt ? 1 : 0;
        lines.AddLoss(lost);
        _lines.Hold(_doubts > 0);
    }

    void Finish()
    {
        foreach (ReplayThread thread in _threads.Values)
            thread.EndDoubt();
        foreach (ReplayThread thread in _threads.Values)
            thread.Finish();
        _lines.Hold(false);
    }

    ReplayThread ThreadOf(Tid thread)
    {
        if (!_threads.TryGetValue(thread, out ReplayThread? lines))
            _threads.Add(thread, lines = new ReplayThread(_catalog.TidOf(thread), _catalog, _coverage, _options, _names, _format, _output, _lines));
        return lines;
    }

    void WriteProcesses()
    {
        foreach (ProcessRecord process in _catalog.Processes.Values.OrderBy(p => p.Id).Take(MaxProcesses))
            WriteLine($"# {process.CommandLine} (pid {process.Pid})");
        if (_catalog.Processes.Count > MaxProcesses)
            WriteLine($"# and {_catalog.Processes.Count - MaxProcesses} programs more");
    }

    void WriteHeader()
    {
        SessionRecord session = _catalog.Session;
        if (_catalog.Processes.Count > 1)
            WriteProcesses();
        else if (session.CommandLine.Length > 0)
            WriteLine($"# {session.CommandLine} (pid {session.Target})");
        if (_options.IsFlat)
        {
            WriteLine("#      SECONDS       TID  EVENT");
            return;
        }

        WriteLine("#    TID       DURATION     FUNCTION CALLS");
        WriteLine("#     |         |   |       |   |   |   |");
    }

    void WriteLine(string text)
    {
        _output.Append(Encoding.UTF8.GetBytes(text + "\n"));
        _output.EndLine();
    }
}
