using System.Globalization;

namespace Calltap.Cli.Input;

/// <summary>Durations as given on the command line: <c>2s</c>, <c>500ms</c>, <c>1m</c>, <c>1h</c>, or <c>dd:hh:mm:ss</c>.</summary>
static class DurationText
{
    static readonly (string Unit, double Seconds)[] s_units = [("ms", 1e-3), ("us", 1e-6), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];

    /// <summary>Longest duration: what a timer can hold for sure.</summary>
    static readonly TimeSpan s_longest = TimeSpan.FromDays(3650);

    /// <summary>Reads a duration above zero.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        double? seconds = text.Contains(':', StringComparison.Ordinal) ? Fields(text) : WithUnit(text);
        bool usable = seconds > 0 && seconds <= s_longest.TotalSeconds;
        duration = usable ? TimeSpan.FromSeconds(seconds!.Value) : default;
        return usable;
    }

    /// <summary>Reads two durations with two dots between them, of which one may be left out.</summary>
    public static bool TryParsePart(string text, out (TimeSpan? From, TimeSpan? To) part)
    {
        part = default;
        if (text.Split("..") is not [string from, string to] || from.Length + to.Length == 0) return false;
        if (from.Length > 0 && (TryParse(from, out TimeSpan start) ? part.From = start : null) is null) return false;
        if (to.Length > 0 && (TryParse(to, out TimeSpan end) ? part.To = end : null) is null) return false;
        return part.From is null || part.To is null || part.From < part.To;
    }

    static double? WithUnit(string text)
    {
        foreach ((string unit, double scale) in s_units)
            if (text.EndsWith(unit, StringComparison.Ordinal))
                return Number(text[..^unit.Length]) is { } number ? number * scale : null;
        return null;
    }

    /// <summary>Days, hours, minutes and seconds; the leading ones may be left out.</summary>
    static double? Fields(string text)
    {
        string[] fields = text.Split(':');
        if (fields.Length > 4) return null;
        double[] scale = [86400, 3600, 60, 1];
        double sum = 0;
        for (int i = 0; i < fields.Length; i++)
        {
            if (Number(fields[i]) is not { } number) return null;
            sum += number * scale[4 - fields.Length + i];
        }
        return sum;
    }

    static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) ? value : null;
}
