using System.Globalization;

namespace Calltap;

/// <summary>How soon methods of .NET were armed that a runtime had compiled while it was traced.</summary>
/// <param name="Bodies">How many came.</param>
/// <param name="Median">From when the runtime told of one until it was armed: the median.</param>
/// <param name="Most">The longest.</param>
/// <param name="Held">For how many the thread that had compiled them waited. Other threads that call the method at that moment may have found it.</param>
/// <param name="Hurried">How many were to be waited for and were not, because there were too many, or it took too long.</param>
public readonly record struct CompiledWaits(int Bodies, TimeSpan Median, TimeSpan Most, int Held, int Hurried)
{
    internal static CompiledWaits Of(IReadOnlyList<long> nanoseconds, (int Held, int Hurried) waited)
    {
        long[] sorted = [.. nanoseconds.Order()];
        return new CompiledWaits(sorted.Length, At(sorted, sorted.Length / 2), At(sorted, sorted.Length - 1), waited.Held, waited.Hurried);
    }

    static TimeSpan At(long[] sorted, int index) => sorted.Length == 0 ? TimeSpan.Zero : TimeSpan.FromTicks(sorted[index] / TimeSpan.NanosecondsPerTick);

    /// <summary>In words, for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Bodies:#,0} compiled meanwhile, armed {Median.TotalMilliseconds:0.0} ms after they were published (median; at most {Most.TotalMilliseconds:0.0}), {Held:#,0} of them while the thread that had compiled them waited")
        + (Hurried > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {Hurried:#,0} came too fast to be waited for") : "");
}
