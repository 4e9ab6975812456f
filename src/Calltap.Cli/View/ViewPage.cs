using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Calltap.Trace;

namespace Calltap.Cli.View;

/// <summary>The page's files, and the answers to what it asks of the trace.</summary>
sealed class ViewPage(TraceView view, string name, IReadOnlyList<string> notes)
{
    const int MostSpans = 20_000; // of one lane
    const int MostLanes = 500;
    const int MostBoxes = 4_000;
    const int WidestPixels = 20_000;
    const string Json = "application/json";

    /// <summary>Answers a request, its path counted from the page's own.</summary>
    /// <exception cref="FormatException">A value is none.</exception>
    public HttpAnswer Answer(HttpRequest request) => request.Path switch
    {
        "" => Asset("index.html"),
        "api/trace" => AsJson(json => ViewJson.WriteTrace(json, view, name, notes)),
        "api/functions" => AsJson(json => ViewJson.WriteFunctions(json, view)),
        "api/spans" => Spans(request),
        "api/flame" => Flame(request),
        "api/function" => Function(request),
        "api/call" => Call(request),
        var path => Asset(path),
    };

    static HttpAnswer Asset(string name)
    {
        using Stream? asset = typeof(ViewPage).Assembly.GetManifestResourceStream($"page/{name}");
        if (asset is null) return HttpAnswer.Refusal("404 Not Found", "no such thing");
        byte[] bytes = new byte[asset.Length];
        asset.ReadExactly(bytes);
        return HttpAnswer.Found(Path.GetExtension(name) switch { ".html" => "text/html; charset=utf-8", ".css" => "text/css; charset=utf-8", _ => "text/javascript; charset=utf-8" }, bytes);
    }

    static HttpAnswer AsJson(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output)) write(json);
        return HttpAnswer.Found(Json, output.WrittenMemory);
    }

    // lanes: id:first row:rows, separated by commas.
    HttpAnswer Spans(HttpRequest request)
    {
        var window = new TimeWindow(view.TimeAt(request.Number("from")), view.TimeAt(request.Number("to")));
        int pixels = request.Whole("px", 1, WidestPixels), most = request.Whole("most", 1, MostSpans);
        ulong resolution = window.To > window.From ? (window.To.Value - window.From.Value) / (ulong)pixels : 1;
        var output = new ArrayBufferWriter<byte>();
        foreach (string lane in request.Text("lanes").Split(',', StringSplitOptions.RemoveEmptyEntries).Take(MostLanes))
        {
            int[] numbers = [.. lane.Split(':').Select(Whole)];
            if (numbers.Length != 3) throw new FormatException("a lane is id:first row:rows");
            ThreadLane thread = Thread(numbers[0]);
            SpanEncoding.Write(view, thread, thread.Collect(window, numbers[1], numbers[2], resolution, most), output);
        }
        return HttpAnswer.Found("application/octet-stream", output.WrittenMemory);
    }

    HttpAnswer Flame(HttpRequest request)
    {
        FlameMetric metric = request.Text("metric") switch
        {
            "total" => FlameMetric.Total, "self" => FlameMetric.Self, "calls" => FlameMetric.Calls, _ => throw new FormatException("metric is total, self or calls"),
        };
        FunctionId[] path = [.. request.Text("path").Split('.', StringSplitOptions.RemoveEmptyEntries).Select(id => new FunctionId(Whole(id)))];
        string searched = request.Text("search");
        HashSet<FunctionId>? functions = searched.Length == 0 ? null
            : [.. view.Functions.Where(f => f.Report.Name.Contains(searched, StringComparison.OrdinalIgnoreCase)).Select(f => f.Id)];
        var choice = new FlameChoice(metric, path, 0.5 / request.Whole("px", 1, WidestPixels), MostBoxes, functions);
        ThreadLane? lane = request.Text("thread").Length == 0 ? null : Thread(Whole(request.Text("thread")));
        return AsJson(json => ViewJson.WriteFlame(json, view, view.Flame(lane, choice)));
    }

    HttpAnswer Function(HttpRequest request)
    {
        FunctionDetails details = view.Describe(new FunctionId(request.Whole("id", 0, int.MaxValue)));
        return AsJson(json => ViewJson.WriteFunction(json, view, details));
    }

    HttpAnswer Call(HttpRequest request) => TraceView.Describe(Thread(request.Whole("thread", 0, int.MaxValue)), request.Whole("call", 0, int.MaxValue)) is { } details
        ? AsJson(json => ViewJson.WriteCall(json, view, details))
        : HttpAnswer.Refusal("404 Not Found", "no such call");

    ThreadLane Thread(int id) => view.Lane(new Tid(id)) ?? throw new FormatException($"no thread {id}");

    static int Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new FormatException($"'{text}' is no number");
}
