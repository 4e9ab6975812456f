namespace Calltap.Benchmarks;

/// <summary>The median: on a shared machine the mean says more about the neighbours.</summary>
static class Medians
{
    /// <summary>The middle value, the upper one of two.</summary>
    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }

    /// <summary>The same of times, in milliseconds.</summary>
    public static double OfMs(IEnumerable<TimeSpan> values) => Of(values.Select(value => value.TotalMilliseconds));

    /// <summary>The same of times, in microseconds.</summary>
    public static double OfUs(IEnumerable<TimeSpan> values) => Of(values.Select(value => value.TotalMicroseconds));
}
