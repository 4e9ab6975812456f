using System.Text.Json;

namespace Calltap.Trace;

/// <summary>Writes a report as one JSON object, for programs.</summary>
public static class ReportJson
{
    /// <summary>Writes <paramref name="report"/> to <paramref name="output"/> as UTF-8; unknown times are null.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public static void Write(TraceReport report, Stream output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartArray(ListName(report.By));
        foreach (FunctionReport function in report.Functions)
            WriteLine(json, function, report.By);
        json.WriteEndArray();
        json.WriteNumber("threads", report.Threads);
        json.WriteNumber("events", report.Events);
        json.WriteNumber("lost", report.Lost);
        json.WriteNumber("duration_ns", report.DurationNs);
        json.WriteEndObject();
    }

    static string ListName(ReportBy by) => by switch
    {
        ReportBy.Module => "modules",
        ReportBy.Thread => "by_thread", // "threads" is their number
        ReportBy.Caller => "callers",
        _ => "functions",
    };

    static void WriteLine(Utf8JsonWriter json, FunctionReport function, ReportBy by)
    {
        json.WriteStartObject();
        if (by == ReportBy.Thread)
        {
            json.WriteNumberOrNull("tid", function.Tid?.Value);
            json.WriteNumberOrNull("pid", function.Pid?.Value);
        }

        WriteFields(json, function, hasModule: by is ReportBy.Function or ReportBy.Caller);
        json.WriteEndObject();
    }

    /// <summary>Writes what is known of a function into an object.</summary>
    internal static void WriteFields(Utf8JsonWriter json, FunctionReport function, bool hasModule = true)
    {
        json.WriteString("name", function.Name);
        if (hasModule)
            json.WriteString("module", function.Module);
        json.WriteNumber("calls", function.Calls);
        json.WriteNumberOrNull("total_ns", function.TotalNs);
        json.WriteNumberOrNull("self_ns", function.SelfNs);
        json.WriteNumberOrNull("min_ns", function.MinNs);
        json.WriteNumberOrNull("avg_ns", function.AvgNs);
        json.WriteNumberOrNull("max_ns", function.MaxNs);
        json.WriteNumberOrNull("p50_ns", function.P50Ns);
        json.WriteNumberOrNull("p99_ns", function.P99Ns);
    }
}
