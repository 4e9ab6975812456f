using System.Text.Json;

namespace Calltap.Trace;

/// <summary>
/// Writes the JSON file format of speedscope: an evented profile for each track, in nanoseconds since the first event of the trace. What a profile can't show
/// is said in its name.
/// </summary>
public sealed class SpeedscopeWriter : ITrackVisitor
{
    const string Schema = "https://www.speedscope.app/file-format-schema.json";

    readonly JsonOutput _output;
    readonly TraceCatalog _catalog;
    readonly Dictionary<FunctionId, int> _frames = [];
    readonly List<FunctionId> _functions = [];
    Track? _track;
    long? _start;

    SpeedscopeWriter(JsonOutput output, TraceCatalog catalog) => (_output, _catalog) = (output, catalog);

    Utf8JsonWriter Json => _output.Json;

    /// <summary>Writes a part of a trace as UTF-8.</summary>
    /// <exception cref="IOException">The trace or the output failed.</exception>
    public static ExportTotals Write(TraceReader trace, ExportPart part, Stream output)
    {
        ArgumentNullException.ThrowIfNull(trace);
        using var json = new JsonOutput(output);
        var writer = new SpeedscopeWriter(json, trace.Catalog);
        json.Json.WriteStartObject();
        json.Json.WriteString("$schema", Schema);
        json.Json.WriteString("exporter", $"calltap {trace.Catalog.Session.Tool}");
        json.Json.WriteString("name", trace.Catalog.Session.CommandLine);
        json.Json.WriteStartArray("profiles");
        ExportTotals totals = TrackReader.Read(trace, part, writer);
        json.Json.WriteEndArray();
        writer.WriteFrames();
        json.Json.WriteEndObject();
        return totals;
    }

    /// <inheritdoc/>
    public void OnTrack(Track track)
    {
        (_track, _start) = (track, null);
        Json.WriteStartObject();
        Json.WriteString("type", "evented");
        Json.WriteString("unit", "nanoseconds");
        Json.WriteStartArray("events");
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, long ns)
    {
        _start ??= ns;
        if (!_frames.TryGetValue(function, out int frame))
        {
            _frames.Add(function, frame = _functions.Count);
            _functions.Add(function);
        }

        WriteEvent("O", frame, ns);
    }

    /// <inheritdoc/>
    public void OnExit(in Call call, long ns) => WriteEvent("C", _frames[call.Function], ns);

    /// <inheritdoc/>
    public void OnLost(in TrackLoss loss, long ns)
    {
        // Said in the name.
    }

    /// <inheritdoc/>
    public void OnEnd(ExportTotals totals, long ns)
    {
        Json.WriteEndArray();
        Json.WriteString("name", $"{_track!.Name} [{_track.Tid}]{About(totals)}");
        Json.WriteNumber("startValue", _start ?? ns);
        Json.WriteNumber("endValue", ns);
        Json.WriteEndObject();
    }

    static string About(ExportTotals totals)
    {
        string[] odd =
        [
            totals.UnknownEnds > 0 ? $"{totals.UnknownEnds} ends not known" : "", totals.OrphanExits > 0 ? $"{totals.OrphanExits} exits of calls that began earlier" : "",
            totals.Lost > 0 ? $"{totals.Lost} calls lost" : "",
        ];
        return odd.Any(text => text.Length > 0) ? $" ({string.Join(", ", odd.Where(text => text.Length > 0))})" : "";
    }

    void WriteEvent(string type, int frame, long ns)
    {
        Json.WriteStartObject();
        Json.WriteString("type", type);
        Json.WriteNumber("frame", frame);
        Json.WriteNumber("at", ns);
        Json.WriteEndObject();
        _output.Flush();
    }

    void WriteFrames()
    {
        Json.WriteStartObject("shared");
        Json.WriteStartArray("frames");
        foreach (FunctionId function in _functions)
        {
            Json.WriteStartObject();
            Json.WriteString("name", _catalog.NameOf(function));
            Json.WriteString("file", _catalog.ModuleOf(function));
            Json.WriteEndObject();
            _output.Flush();
        }

        Json.WriteEndArray();
        Json.WriteEndObject();
    }
}
