using System.Text.Json;

namespace Calltap.Trace;

/// <summary>Writes a <see cref="TraceInfo"/> as one JSON object.</summary>
public static class InfoJson
{
    /// <summary>Writes it as UTF-8.</summary>
    public static void Write(TraceInfo info, Stream output)
    {
        ArgumentNullException.ThrowIfNull(info);
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        WriteSession(json, info.Session);
        json.WriteBoolean("complete", info.IsComplete);
        json.WriteNumberOrNull("duration_ns", info.DurationNs);
        json.WriteNumberOrNull("measured_tsc_hz", info.MeasuredTscHz is { } hz ? (long)Math.Round(hz) : null);
        json.WriteNumber("events", info.Events);
        json.WriteNumber("lost", info.Lost);
        json.WriteNumber("functions", info.Functions);
        WriteAll(json, "processes", info.Processes, WriteProcess);
        WriteAll(json, "threads", info.Threads, WriteThread);
        WriteAll(json, "modules", info.Modules, WriteModule);
        WriteAll(json, "arming", info.Arming, WriteBatch);
        WriteAll(json, "layout", info.Layout, WriteLayout);
        json.WriteEndObject();
    }

    static void WriteAll<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteSession(Utf8JsonWriter json, SessionRecord session)
    {
        json.WriteString("tool", session.Tool);
        json.WriteString("machine", session.Machine);
        json.WriteString("cpu", session.CpuModel);
        json.WriteString("kernel", session.Kernel);
        json.WriteNumber("pid", session.Target.Value);
        json.WriteString("command", session.CommandLine);
        json.WriteString("scope", session.Scope);
        json.WriteNumberOrNull("started_unix_ns", session.StartedUnixNs == 0 ? null : session.StartedUnixNs);
        json.WriteNumberOrNull("tsc_hz", session.TscHz == 0 ? null : session.TscHz);
    }

    static void WriteProcess(Utf8JsonWriter json, ProcessRecord process)
    {
        json.WriteNumber("id", process.Id);
        json.WriteNumber("pid", process.Pid.Value);
        json.WriteNumber("parent", process.Parent);
        json.WriteString("name", process.Name);
        json.WriteString("command", process.CommandLine);
    }

    static void WriteThread(Utf8JsonWriter json, ThreadInfo thread)
    {
        json.WriteNumber("id", thread.Id.Value);
        json.WriteNumber("tid", thread.Tid.Value);
        json.WriteNumber("pid", thread.Pid.Value);
        json.WriteString("name", thread.Name);
        json.WriteNumber("events", thread.Events);
        json.WriteNumber("lost_entries", thread.LostEntries);
        json.WriteNumber("lost_exits", thread.LostExits);
        json.WriteNumber("holes", thread.Holes);
    }

    static void WriteModule(Utf8JsonWriter json, (ModuleRecord Module, int Functions) item)
    {
        json.WriteString("path", item.Module.Path);
        json.WriteString("build_id", item.Module.BuildId);
        json.WriteNumber("functions", item.Functions);
        json.WriteString("start", $"0x{item.Module.Start.Value:x}");
        json.WriteString("end", $"0x{item.Module.End.Value:x}");
    }

    static void WriteBatch(Utf8JsonWriter json, ArmingRecord batch)
    {
        json.WriteString("kind", $"{batch.Kind}");
        json.WriteNumber("functions", batch.Functions.Count);
        json.WriteNumber("sites", batch.Sites);
        json.WriteNumber("breakpoints_hit", batch.Traps);
    }

    static void WriteLayout(Utf8JsonWriter json, (ChunkType Type, int Chunks, ByteSize Size) part)
    {
        json.WriteString("type", $"{part.Type}");
        json.WriteNumber("chunks", part.Chunks);
        json.WriteNumber("bytes", part.Size.Value);
    }
}
