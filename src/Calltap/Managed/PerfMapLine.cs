using System.Globalization;

namespace Calltap.Managed;

/// <summary>A line of a perf map: address and size in hex, then what is there.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Text">What it is called.</param>
readonly record struct PerfMapLine(TargetAddress Start, int Size, string Text)
{
    /// <summary>When it was written; when it was read where that is not known.</summary>
    public MonotonicNs Told { get; init; }

    /// <summary>Whether the thread that has written it waits until it is let go: what it has compiled is there, and nobody has called it yet.</summary>
    public bool IsHeld { get; init; }

    const int MostBytes = 16 << 20; // of one method: more is none

    /// <summary>Reads a line; null when it is none.</summary>
    public static PerfMapLine? Parse(string line)
    {
        int first = line.IndexOf(' ', StringComparison.Ordinal), second = first < 0 ? -1 : line.IndexOf(' ', first + 1);
        if (second < 0) return null;
        int digits = line.StartsWith("0x", StringComparison.Ordinal) ? 2 : 0; // as the C library writes a pointer
        bool right = ulong.TryParse(line.AsSpan(digits, first - digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong start)
            & int.TryParse(line.AsSpan(first + 1, second - first - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int size);
        return right && size is > 0 and <= MostBytes ? new PerfMapLine(new TargetAddress(start), size, line[(second + 1)..]) : null;
    }
}
