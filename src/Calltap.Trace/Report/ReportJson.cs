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
        json.WriteStartArray("functions");
        foreach (FunctionReport function in report.Functions)
            WriteFunction(json, function);
        json.WriteEndArray();
        json.WriteNumber("threads", report.Threads);
        json.WriteNumber("events", report.Events);
        json.WriteNumber("lost", report.Lost);
        json.WriteNumber("duration_ns", report.DurationNs);
        json.WriteEndObject();
    }

    static void WriteFunction(Utf8JsonWriter json, FunctionReport function)
    {
        json.WriteStartObject();
        json.WriteString("name", function.Name);
        json.WriteString("module", function.Module);
        json.WriteNumber("calls", function.Calls);
        WriteTime(json, "total_ns", function.TotalNs);
        WriteTime(json, "self_ns", function.SelfNs);
        WriteTime(json, "min_ns", function.MinNs);
        WriteTime(json, "avg_ns", function.AvgNs);
        WriteTime(json, "max_ns", function.MaxNs);
        WriteTime(json, "p50_ns", function.P50Ns);
        WriteTime(json, "p99_ns", function.P99Ns);
        json.WriteEndObject();
    }

    static void WriteTime(Utf8JsonWriter json, string name, long? ns)
    {
        if (ns is { } value)
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }
}
