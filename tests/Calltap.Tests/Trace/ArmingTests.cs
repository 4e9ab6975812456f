using Calltap.Patching;
using Calltap.Recording;
using Calltap.Sessions;
using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

/// <summary>What a change of ops says about exits that were not seen.</summary>
public sealed class ArmingTests
{
    [Theory]
    [InlineData(0, 0, 1, 0, true, ArmingKind.Armed)]
    [InlineData(0, 0, 0, 1, true, ArmingKind.Armed)]
    [InlineData(0, 1, 1, 1, true, ArmingKind.Armed)]
    [InlineData(1, 0, 1, 0, false, ArmingKind.Armed)]
    [InlineData(1, 0, 1, 1, true, ArmingKind.Modified)]
    [InlineData(1, 1, 1, 0, true, ArmingKind.Modified)]
    [InlineData(1, 0, 2, 0, true, ArmingKind.Modified)]
    [InlineData(0, 1, 0, 2, true, ArmingKind.Modified)]
    [InlineData(1, 1, 0, 1, true, ArmingKind.Disarmed)]
    [InlineData(1, 0, 0, 0, true, ArmingKind.Disarmed)]
    [InlineData(0, 0, 0, 0, false, ArmingKind.Disarmed)]
    public void The_kind_tells_whether_exits_began_or_ceased_to_be_recorded(ulong graph, ulong count, ulong graphThen, ulong countThen, bool isWhole, ArmingKind kind) =>
        Assert.Equal(kind, FunctionChange.KindOf(new Want(graph, count), new Want(graphThen, countThen), isWhole));

    [Fact]
    public void A_batch_has_a_record_for_each_kind_and_counts_its_sites_once()
    {
        FunctionChange[] changes = [Change(1, ArmingKind.Modified), Change(2, ArmingKind.Disarmed), Change(3, ArmingKind.Modified)];
        ArmingRecord[] records = [.. ArmingRecords.Of(Report(changes), new TscTime(5), new TscTime(6))];
        Assert.Equal([(ArmingKind.Modified, 7), (ArmingKind.Disarmed, 0)], records.Select(r => (r.Kind, r.Sites)));
        Assert.Equal([new FunctionId(1), new FunctionId(3)], records[0].Functions);
    }

    [Theory]
    [InlineData(ArmingKind.Armed, EndedBy.Unknown)]
    [InlineData(ArmingKind.Disarmed, EndedBy.Unknown)]
    [InlineData(ArmingKind.Modified, EndedBy.Unwind)]
    public void A_call_open_while_its_exits_ceased_to_be_recorded_is_unknown(ArmingKind kind, EndedBy expected)
    {
        var log = new CallLog();
        CallTreeBuilder tree = CallTreeTests.Builder(log, [.. ArmingRecords.Of(Report(Change(1, kind)), new TscTime(5), new TscTime(6))]);
        tree.Add([Entry(1, "main", 0x1000), Entry(2, "f", 0x800), Exit(9, "main", 0x1000)]);
        Assert.Equal(expected, log.Calls[0].EndedBy);
    }

    static FunctionChange Change(int function, ArmingKind kind) => new(new FunctionId(function), kind);

    static ArmReport Report(params FunctionChange[] changes) =>
        new(0, 0, [], changes, new BatchResult(7, [], default, default, default, default, []));
}
