using Calltap.Recording;
using Calltap.Trace;
using Xunit;

namespace Calltap.Tests.Trace;

/// <summary>What the arming of a version says of its method.</summary>
public sealed class ArmedVersionsTests
{
    readonly ArmedVersions _versions = new();

    [Fact]
    public void A_version_that_comes_later_arms_nothing_that_was_not_armed()
    {
        Assert.Equal([Id(7), Id(8)], Note(ArmingKind.Armed, (7, 7), (8, 8)));
        Assert.Equal([Id(9)], Note(ArmingKind.Armed, (20, 7), (9, 9)));
    }

    [Fact]
    public void One_that_is_armed_again_was_not_so_as_a_whole()
    {
        Note(ArmingKind.Armed, (7, 7), (20, 7));
        Assert.Equal([Id(7)], Note(ArmingKind.Armed, (20, 7)));
    }

    [Fact]
    public void A_method_is_disarmed_with_its_last_version()
    {
        Note(ArmingKind.Armed, (7, 7), (20, 7));
        Assert.Empty(Note(ArmingKind.Disarmed, (7, 7)));
        Assert.Equal([Id(7)], Note(ArmingKind.Disarmed, (20, 7)));
        Assert.Equal([Id(7)], Note(ArmingKind.Armed, (7, 7)));
    }

    [Fact]
    public void All_versions_in_one_batch_are_named_once()
    {
        Assert.Equal([Id(7)], Note(ArmingKind.Armed, (7, 7), (20, 7), (21, 7)));
        Assert.Equal([Id(7)], Note(ArmingKind.Modified, (7, 7), (20, 7), (21, 7)));
        Assert.Equal([Id(7)], Note(ArmingKind.Disarmed, (7, 7), (20, 7), (21, 7)));
    }

    IReadOnlyList<FunctionId> Note(ArmingKind kind, params (int Own, int InFile)[] versions) => _versions.Note(kind, [.. versions.Select(v => (Id(v.Own), Id(v.InFile)))]);

    static FunctionId Id(int value) => new(value);
}
