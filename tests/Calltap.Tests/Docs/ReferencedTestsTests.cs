using System.Text.RegularExpressions;
using Xunit;

namespace Calltap.Tests.Docs;

/// <summary>The protocol says which test would catch the absence of a rule: the test exists, and no rule goes without.</summary>
public sealed partial class ReferencedTestsTests
{
    const int Invariants = 18, Hazards = 32;

    static readonly string s_root = FindRoot();
    static readonly string s_protocol = File.ReadAllText(Path.Combine(s_root, "docs", "patching-protocol.md"));
    static readonly string s_limits = File.ReadAllText(Path.Combine(s_root, "docs", "limits.md"));

    [Fact]
    public void Every_test_named_in_a_document_exists()
    {
        HashSet<string> existing = [.. Tests()];
        string[] named = [.. Directory.EnumerateFiles(Path.Combine(s_root, "docs"), "*.md", SearchOption.AllDirectories)
            .SelectMany(file => TestName().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Distinct()];
        Assert.True(named.Length > 20);
        Assert.All(named, test => Assert.Contains(test, existing));
        Assert.DoesNotContain("ReferencedTestsTests.There_is_no_such_test", existing); // the control
    }

    [Fact]
    public void Every_invariant_names_a_test()
    {
        string section = Section("Invariants");
        string[] items = ("\n" + section).Split("\n- **I")[1..];
        Assert.Equal(Invariants, items.Length);
        Assert.All(items, item =>
        {
            int at = item.IndexOf("Test that would catch its absence:", StringComparison.Ordinal);
            Assert.True(at >= 0 && TestName().IsMatch(item[at..]), $"I{item[..40]}");
        });
    }

    /// <summary>Each row names tests, or a line of limits.md by its first words in quotes, or both.</summary>
    [Fact]
    public void Every_hazard_has_a_test_or_a_line_in_the_limits()
    {
        string[] rows = [.. Section("Hazards").Split('\n').Where(line => HazardRow().IsMatch(line))];
        Assert.Equal(Enumerable.Range(1, Hazards), rows.Select(row => int.Parse(HazardRow().Match(row).Groups[1].ValueSpan)));
        foreach (string row in rows)
        {
            string answers = row.Split('|')[4];
            string[] limits = [.. Quoted().Matches(answers).Select(match => match.Groups[1].Value)];
            Assert.True(limits.Length > 0 || TestName().IsMatch(answers), row);
            Assert.All(limits, limit => Assert.Contains(limit, s_limits, StringComparison.Ordinal));
        }
    }

    /// <summary>The text under a heading of the second level.</summary>
    static string Section(string heading)
    {
        string text = s_protocol.Split($"\n## {heading}\n")[1];
        int end = text.IndexOf("\n## ", StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    static IEnumerable<string> Tests() =>
        from file in Directory.EnumerateFiles(Path.Combine(s_root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
        let name = Path.GetFileNameWithoutExtension(file)
        from Match method in TestMethod().Matches(File.ReadAllText(file))
        select $"{name}.{method.Groups[1].Value}";

    static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Calltap.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"\[(?:Fact|Theory)\b[^;{]*?public (?:async )?(?:void|Task) (\w+)\(")]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"^\| H(\d+) \|")]
    private static partial Regex HazardRow();

    [GeneratedRegex("\"([^\"]+)\"")]
    private static partial Regex Quoted();
}
