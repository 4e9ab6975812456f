using System.Reflection;
using Calltap.Code;
using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Docs;

/// <summary>Whatever reason a user may be given stands in the limits, in the same words.</summary>
public sealed class RefusalsTests
{
    static readonly string s_limits = File.ReadAllText(Path.Combine(ReferencedFilesTests.Root, "docs", "limits.md")).ReplaceLineEndings(" ");

    public static TheoryData<string> Refusals => [.. Enum.GetValues<RefusalReason>().Where(reason => reason != RefusalReason.None).Select(reason => reason.Text())];

    public static TheoryData<string> Exclusions =>
        [.. typeof(ExclusionReasons).GetFields(BindingFlags.Public | BindingFlags.Static).Select(reason => (string)reason.GetRawConstantValue()!)];

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Every_refusal_has_a_line_in_the_limits(string words) => Assert.Contains($"| {words} |", s_limits, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Exclusions))]
    public void Every_exclusion_is_in_the_limits(string words) => Assert.Contains(words, s_limits, StringComparison.Ordinal);
}
