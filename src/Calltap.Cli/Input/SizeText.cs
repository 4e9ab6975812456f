using System.Globalization;

namespace Calltap.Cli.Input;

/// <summary>Sizes as given on the command line: <c>500MB</c>, <c>2GB</c>, <c>64MiB</c>, or bytes.</summary>
static class SizeText
{
    static readonly (string Unit, double Bytes)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("B", 1), ("", 1),
    ];

    /// <summary>Reads a size above zero.</summary>
    public static bool TryParse(string text, out ByteSize size)
    {
        (string unit, double scale) = s_units.First(u => text.EndsWith(u.Unit, StringComparison.OrdinalIgnoreCase));
        bool parsed = double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value);
        double bytes = value * scale;
        bool usable = parsed && bytes >= 1 && bytes <= 1L << 60;
        size = usable ? new ByteSize((long)bytes) : default;
        return usable;
    }
}
