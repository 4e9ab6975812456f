using System.Text.Json;

namespace Calltap.Trace;

/// <summary>
/// Writes the JSON of Chrome's Trace Event Format, which chrome://tracing and Perfetto's UI open: B and E events of each track, in microseconds since the
/// first event of the trace.
/// </summary>
public sealed class ChromeTraceWriter : ITrackVisitor
{
    readonly JsonOutput _output;
    readonly TraceCatalog _catalog;
    readonly HashSet<Pid> _named = [];
    Track? _track;

    ChromeTraceWriter(JsonOutput output, TraceCatalog catalog) => (_output, _catalog) = (output, catalog);

    Utf8JsonWriter Json => _output.Json;

    /// <summary>Writes a part of a trace as UTF-8.</summary>
    /// <exception cref="IOException">The trace or the output failed.</exception>
    public static ExportTotals Write(TraceReader trace, ExportPart part, Stream output)
    {
        ArgumentNullException.ThrowIfNull(trace);
        using var json = new JsonOutput(output);
        var writer = new ChromeTraceWriter(json, trace.Catalog);
        json.Json.WriteStartObject();
        json.Json.WriteString("displayTimeUnit", "ns");
        json.Json.WriteStartArray("traceEvents");
        ExportTotals totals = TrackReader.Read(trace, part, writer);
        json.Json.WriteEndArray();
        writer.WriteAbout(totals, new TrackClock(trace).Start);
        json.Json.WriteEndObject();
        return totals;
    }

    /// <inheritdoc/>
    public void OnTrack(Track track)
    {
        ArgumentNullException.ThrowIfNull(track);
        _track = track;
        if (_named.Add(track.Pid))
            WriteName("process_name", ProcessNames.Of(_catalog, track.Pid));
        WriteName("thread_name", track.Name);
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, long ns)
    {
        Start("B", ns);
        Json.WriteString("name", _catalog.NameOf(function));
        Json.WriteString("cat", _catalog.ModuleOf(function));
        End();
    }

    /// <inheritdoc/>
    public void OnExit(in Call call, long ns)
    {
        Start("E", ns);
        if (call.EndedBy != EndedBy.Exit)
        {
            Json.WriteStartObject("args");
            Json.WriteString("end", call.EndedBy == EndedBy.Unwind ? "unwound" : "unknown");
            Json.WriteEndObject();
        }

        End();
    }

    /// <inheritdoc/>
    public void OnLost(in TrackLoss loss, long ns)
    {
        StartInstant("events lost", ns);
        Json.WriteNumber("entries", loss.Entries);
        Json.WriteNumber("exits", loss.Exits);
        Json.WriteNumber("holes", loss.Holes);
        EndInstant();
    }

    /// <inheritdoc/>
    public void OnEnd(ExportTotals totals, long ns)
    {
        ArgumentNullException.ThrowIfNull(totals);
        if (totals.OrphanExits == 0)
            return;
        StartInstant("exits of calls that began earlier", ns);
        Json.WriteNumber("exits", totals.OrphanExits);
        EndInstant();
    }

    void WriteName(string what, string name)
    {
        Start("M", 0);
        Json.WriteString("name", what);
        Json.WriteStartObject("args");
        Json.WriteString("name", name);
        Json.WriteEndObject();
        End();
    }

    void StartInstant(string name, long ns)
    {
        Start("i", ns);
        Json.WriteString("name", name);
        Json.WriteString("s", "t");
        Json.WriteStartObject("args");
    }

    void EndInstant()
    {
        Json.WriteEndObject();
        End();
    }

    void Start(string phase, long ns)
    {
        Json.WriteStartObject();
        Json.WriteString("ph", phase);
        Json.WriteNumber("pid", _track!.Pid.Value);
        Json.WriteNumber("tid", _track.Id);
        _output.Microseconds("ts", ns);
    }

    void End()
    {
        Json.WriteEndObject();
        _output.Flush();
    }

    void WriteAbout(ExportTotals totals, MonotonicNs start)
    {
        Json.WriteStartObject("otherData");
        Json.WriteString("tool", $"calltap {_catalog.Session.Tool}");
        Json.WriteString("command", _catalog.Session.CommandLine);
        Json.WriteString("machine", _catalog.Session.Machine);
        Json.WriteNumber("start_monotonic_ns", start.Value);
        Json.WriteNumber("calls", totals.Calls);
        Json.WriteNumber("unknown_ends", totals.UnknownEnds);
        Json.WriteNumber("orphan_exits", totals.OrphanExits);
        Json.WriteNumber("lost", totals.Lost);
        Json.WriteEndObject();
    }
}
