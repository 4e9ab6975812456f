using System.Text.Json;

namespace Calltap.Trace;

/// <summary>Numbers in JSON.</summary>
public static class JsonNumbers
{
    /// <summary>Writes a number, or null where it is not known.</summary>
    public static void WriteNumberOrNull(this Utf8JsonWriter json, string name, long? value)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }
}
