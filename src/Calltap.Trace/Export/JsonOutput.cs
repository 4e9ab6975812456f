using System.Text.Json;
using System.Text.Unicode;

namespace Calltap.Trace;

/// <summary>JSON that is written as it comes: a <see cref="Utf8JsonWriter"/> keeps everything until it is flushed.</summary>
sealed class JsonOutput(Stream output) : IDisposable
{
    const int FlushBytes = 64 << 10;

    /// <summary>The writer; to be given a chance to flush by <see cref="Flush"/>.</summary>
    public Utf8JsonWriter Json { get; } = new(output);

    /// <summary>Writes what has come together, when that is much.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Flush()
    {
        if (Json.BytesPending > FlushBytes)
            Json.Flush();
    }

    /// <summary>A time in microseconds, exact to the nanosecond.</summary>
    public void Microseconds(string name, long ns)
    {
        Span<byte> text = stackalloc byte[32];
        Utf8.TryWrite(text, $"{ns / 1000}.{ns % 1000:000}", out int length);
        Json.WritePropertyName(name);
        Json.WriteRawValue(text[..length], skipInputValidation: true);
    }

    /// <inheritdoc/>
    public void Dispose() => Json.Dispose();
}
