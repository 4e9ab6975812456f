namespace Calltap.Cli.Output;

/// <summary>Numbers as people read them.</summary>
static class Texts
{
    /// <summary>1,234,567.</summary>
    public static string Count(long value) => $"{value:N0}";

    /// <summary>12.3 MB, in powers of ten.</summary>
    public static string Size(ByteSize size) => size.Value switch
    {
        < 1_000 => $"{size.Value} B",
        < 1_000_000 => $"{size.Value / 1e3:0.0} KB",
        < 1_000_000_000 => $"{size.Value / 1e6:0.0} MB",
        _ => $"{size.Value / 1e9:0.00} GB",
    };

    /// <summary>Nanoseconds in the unit that leaves three to six digits; <c>-</c> when unknown.</summary>
    public static string Time(long? ns) => ns switch
    {
        null => "-",
        < 10_000 => $"{ns} ns",
        < 10_000_000 => $"{ns / 1e3:0.0} us",
        < 10_000_000_000 => $"{ns / 1e6:0.0} ms",
        _ => $"{ns / 1e9:0.00} s",
    };

    /// <summary>A singular or plural.</summary>
    public static string Of(long count, string one, string? several = null) => $"{Count(count)} {(count == 1 ? one : several ?? one + "s")}";
}
