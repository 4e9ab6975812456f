using System.Text.Json;

namespace Calltap.Trace;

/// <summary>What a page asks of a <see cref="TraceView"/>, as JSON. Times are nanoseconds, moments counted from the first event; functions are named by id.</summary>
public static class ViewJson
{
    /// <summary>The trace as a whole, and its threads.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="view">The trace.</param>
    /// <param name="name">How it is called.</param>
    /// <param name="notes">What is to be said about it.</param>
    public static void WriteTrace(Utf8JsonWriter json, TraceView view, string name, IEnumerable<string> notes)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(notes);
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("command", view.Catalog.Session.CommandLine);
        json.WriteString("machine", view.Catalog.Session.Machine);
        json.WriteNumber("duration_ns", view.DurationNs);
        json.WriteNumber("events", view.Events);
        json.WriteNumber("calls", view.Calls);
        json.WriteNumber("lost", view.Lost);
        json.WriteNumber("orphan_exits", view.OrphanExits);
        json.WriteStartArray("notes");
        foreach (string note in notes)
            json.WriteStringValue(note);
        json.WriteEndArray();
        json.WriteStartArray("threads");
        foreach (ThreadLane lane in view.Lanes)
            WriteThread(json, view.Catalog, lane);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>All functions that were called.</summary>
    public static void WriteFunctions(Utf8JsonWriter json, TraceView view)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(view);
        json.WriteStartObject();
        json.WriteStartArray("functions");
        foreach (ViewFunction function in view.Functions)
        {
            json.WriteStartObject();
            json.WriteNumber("id", function.Id.Value);
            ReportJson.WriteFields(json, function.Report);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A flame graph. A box is an array: function (-1 for several), depth, start, width, self, calls, calls without a known end.</summary>
    public static void WriteFlame(Utf8JsonWriter json, TraceView view, FlameGraph graph)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(graph);
        long Scaled(ulong width) => graph.Metric == FlameMetric.Calls ? (long)width : view.Clock.ToNs(width);
        json.WriteStartObject();
        json.WriteNumber("found", Scaled(graph.Found));
        json.WriteStartArray("boxes");
        foreach (FlameBox box in graph.Boxes)
        {
            json.WriteStartArray();
            json.WriteNumberValue(box.Function?.Value ?? -1);
            json.WriteNumberValue(box.Depth);
            json.WriteNumberValue(Scaled(box.Start));
            json.WriteNumberValue(Scaled(box.Width));
            json.WriteNumberValue(Scaled(box.Self));
            json.WriteNumberValue(box.Calls);
            json.WriteNumberValue(box.Unknown);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A function's callers, callees, longest calls and histogram.</summary>
    public static void WriteFunction(Utf8JsonWriter json, TraceView view, FunctionDetails details)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(details);
        json.WriteStartObject();
        json.WriteNumber("id", details.Function.Value);
        WriteLinks(json, "callers", view, details.Callers);
        WriteLinks(json, "callees", view, details.Callees);
        json.WriteStartArray("longest");
        foreach (CallPlace place in details.LongestCalls)
            WritePlace(json, view, place);
        json.WriteEndArray();
        json.WriteStartArray("histogram");
        foreach (HistogramBar bar in view.Durations(details.Function))
        {
            json.WriteStartObject();
            json.WriteNumber("from_ns", bar.FromNs);
            json.WriteNumber("to_ns", bar.ToNs);
            json.WriteNumber("calls", bar.Calls);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A call, its callers and what it called.</summary>
    public static void WriteCall(Utf8JsonWriter json, TraceView view, CallDetails details)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(details);
        json.WriteStartObject();
        json.WritePropertyName("call");
        WritePlace(json, view, details.Call);
        json.WriteNumberOrNull("self_ns", details.SelfTicks is { } self ? view.Clock.ToNs(self) : null);
        json.WriteStartArray("callers");
        foreach (CallPlace caller in details.Callers)
            WritePlace(json, view, caller);
        json.WriteEndArray();
        WriteLinks(json, "callees", view, details.Callees);
        json.WriteEndObject();
    }

    static void WriteThread(Utf8JsonWriter json, TraceCatalog catalog, ThreadLane lane)
    {
        int process = catalog.Tasks.TryGetValue(lane.Id, out TaskRecord task) ? task.Process : 0;
        json.WriteStartObject();
        json.WriteNumber("id", lane.Id.Value);
        json.WriteNumber("tid", catalog.TidOf(lane.Id).Value);
        json.WriteNumber("pid", catalog.PidOf(lane.Id).Value);
        json.WriteString("name", catalog.Threads.TryGetValue(lane.Id, out ThreadRecord? thread) ? thread.Name : "");
        json.WriteNumber("process_id", process);
        json.WriteString("process", catalog.Processes.TryGetValue(process, out ProcessRecord? record) ? record.Name : "");
        json.WriteString("command", record?.CommandLine ?? catalog.Session.CommandLine);
        json.WriteNumber("calls", lane.Calls);
        json.WriteNumber("rows", lane.Rows);
        json.WriteNumber("lost", lane.Lost);
        json.WriteEndObject();
    }

    static void WriteLinks(Utf8JsonWriter json, string name, TraceView view, IReadOnlyList<CallLink> links)
    {
        json.WriteStartArray(name);
        foreach (CallLink link in links)
        {
            json.WriteStartObject();
            json.WriteNumberOrNull("function", link.Function?.Value);
            json.WriteNumber("calls", link.Calls);
            json.WriteNumberOrNull("ns", link.Unknown < link.Calls ? view.Clock.ToNs(link.Ticks) : null);
            json.WriteNumber("unknown", link.Unknown);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    static void WritePlace(Utf8JsonWriter json, TraceView view, CallPlace place)
    {
        json.WriteStartObject();
        json.WriteNumber("thread", place.Thread.Value);
        json.WriteNumber("call", place.Call);
        json.WriteNumber("function", place.Function.Value);
        json.WriteNumber("start_ns", view.NsAt(place.Start));
        json.WriteNumber("ns", view.Clock.ToNs(place.Ticks));
        json.WriteNumber("row", place.Row);
        json.WriteString("ending", place.Ending switch { CallEnding.Exit => "exit", CallEnding.Unwind => "unwind", CallEnding.Open => "open", _ => "unknown" });
        json.WriteEndObject();
    }
}
