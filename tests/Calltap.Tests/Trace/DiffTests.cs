using Calltap.Trace;
using static Calltap.Tests.Trace.TraceSample;
using Xunit;

namespace Calltap.Tests.Trace;

/// <summary>Two reports, function by function.</summary>
public sealed class DiffTests
{
    const uint Top = 0x7fff_0000;

    [Fact]
    public void Functions_pair_by_name_and_have_their_changes()
    {
        IReadOnlyList<ReportDifference> changes = ReportDifference.Between(
            Report(Entry(0, "f", Top), Exit(10, "f", Top), Entry(20, "g", Top), Exit(25, "g", Top)),
            Report(Entry(0, "f", Top), Exit(40, "f", Top), Entry(50, "f", Top), Exit(55, "f", Top), Entry(60, "h", Top), Exit(61, "h", Top)));
        Assert.Equal(["f: 1, 35", "g: -1, -5", "h: 1, 1"], changes.OrderBy(c => c.Name, StringComparer.Ordinal).Select(c => $"{c.Name}: {c.Of(f => f.Calls)}, {c.Of(f => f.TotalNs)}"));
        Assert.Null(changes.Single(c => c.Name == "g").After);
        Assert.Null(changes.Single(c => c.Name == "h").Before);
    }

    [Fact]
    public void A_time_that_is_not_known_has_no_change()
    {
        ReportDifference change = Assert.Single(ReportDifference.Between(Report(Entry(0, "leaky", Top)), Report(Entry(0, "leaky", Top), Exit(7, "leaky", Top))));
        Assert.Equal((0L, null), (change.Of(f => f.Calls), change.Of(f => f.TotalNs)));
    }

    static TraceReport Report(params TraceEvent[] events)
    {
        using TraceReader reader = TraceReader.Open(Write(writer => writer.WriteEvents(new Tid(1), events)), "test");
        return ReportBuilder.Build(reader);
    }
}
