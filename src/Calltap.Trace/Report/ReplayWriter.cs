using System.Text;

namespace Calltap.Trace;

/// <summary>Prints the calls of a trace as ftrace's function_graph does, threads interleaved by time, in bounded memory.</summary>
public sealed class ReplayWriter : IEventVisitor
{
    const int MaxProcesses = 100; // named at the top
    const int MaxWorkers = 4; // the trees of one processor give no more to do
    const int Recent = 64; // a power of two

    readonly TraceCatalog _catalog;
    readonly ExitCoverage _coverage;
    readonly ReplayOptions _options;
    readonly ReplayLines _lines;
    readonly ReplayLosses _losses;
    readonly Dictionary<Tid, ReplayThread> _threads = [];
    readonly ReplayThread?[] _recent = new ReplayThread?[Recent];
    int _doubts;

    ReplayWriter(TraceCatalog catalog, ReplayOutput output, ReplayLosses losses, ReplayOptions options)
    {
        (_catalog, _options, _losses) = (catalog, options, losses);
        _coverage = new ExitCoverage(_catalog);
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
    public static void Write(TraceReader trace, TextWriter output, ReplayOptions options) => Write(trace, new TextWriterStream(output), options, workers: 0);

    /// <summary>The same as UTF-8; threads of its own write to the stream until this returns or throws.</summary>
    /// <exception cref="IOException">The stream or the output failed.</exception>
    public static void Write(TraceReader trace, Stream output, ReplayOptions options) => Write(trace, output, options, Math.Min(Environment.ProcessorCount, MaxWorkers));

    static void Write(TraceReader trace, Stream output, ReplayOptions options, int workers)
    {
        output.Write(Encoding.UTF8.GetBytes(string.Concat(Header(trace.Catalog, options).Select(line => line + "\n"))));
        var losses = new ReplayLosses();
        ulong start = trace.EventChunks.Select(chunk => chunk.First.Value).DefaultIfEmpty().Min();
        using var lines = new ReplayOutput(output, workers, () => new ReplayFormat(trace.Catalog, losses, start, options.IsFlat));
        var replay = new ReplayWriter(trace.Catalog, lines, losses, options);
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

    ReplayThread ThreadOf(Tid thread) =>
        _recent[thread.Value & (Recent - 1)] is { } recent && recent.Thread == thread ? recent : _recent[thread.Value & (Recent - 1)] = Find(thread);

    ReplayThread Find(Tid thread)
    {
        if (!_threads.TryGetValue(thread, out ReplayThread? lines))
            _threads.Add(thread, lines = new ReplayThread(thread, _catalog, _coverage, _options, _lines, _losses));
        return lines;
    }

    static IEnumerable<string> Header(TraceCatalog catalog, ReplayOptions options)
    {
        SessionRecord session = catalog.Session;
        IEnumerable<string> programs = catalog.Processes.Count > 1 ? Processes(catalog)
            : session.CommandLine.Length > 0 ? [$"# {session.CommandLine} (pid {session.Target})"] : [];
        return programs.Concat(options.IsFlat
            ? ["#      SECONDS       TID  EVENT"]
            : ["#    TID       DURATION     FUNCTION CALLS", "#     |         |   |       |   |   |   |"]);
    }

    static IEnumerable<string> Processes(TraceCatalog catalog)
    {
        foreach (ProcessRecord process in catalog.Processes.Values.OrderBy(p => p.Id).Take(MaxProcesses))
            yield return $"# {process.CommandLine} (pid {process.Pid})";
        if (catalog.Processes.Count > MaxProcesses)
            yield return $"# and {catalog.Processes.Count - MaxProcesses} programs more";
    }
}
