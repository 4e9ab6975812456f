using System.Text.RegularExpressions;

namespace Calltap.AnalysisTests;

/// <summary>docs/query.md: every question on it is asked of the trace it speaks of, and has the answer that stands there.</summary>
public sealed partial class QueryPageTests
{
    static readonly string s_page = File.ReadAllText(Path.Combine(Tree.Root, "docs", "query.md")).ReplaceLineEndings("\n");

    public static TheoryData<string, string, string> Questions =>
        [.. Question().Matches(s_page).Select(match => (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value))];

    [Theory]
    [MemberData(nameof(Questions))]
    public void A_question_has_the_answer_on_the_page(string title, string sql, string answer)
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        string found = trace.Ask(sql);
        Assert.True(answer == found, $"{title}:\n{found}");
    }

    /// <summary>So that a block whose form has changed is not passed over.</summary>
    [Fact]
    public void Every_query_on_the_page_is_a_question_with_an_answer()
    {
        Assert.Equal(s_page.Split("```sql").Length - 1, Questions.Count);
        Assert.True(Questions.Count >= 10);
    }

    [Fact]
    public void A_wrong_answer_would_show()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.NotEqual("n\n0\n", trace.Ask("SELECT count(*) AS n FROM calls"));
    }

    [Theory]
    [InlineData("calls")]
    [InlineData("events")]
    [InlineData("functions")]
    [InlineData("threads")]
    public void The_columns_on_the_page_are_those_of_the_table(string table)
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        string section = s_page.Split($"### {table}\n")[1].Split("\n#")[0];
        string[] told = [.. Column().Matches(section).Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value}")];
        Assert.Equal(0, trace.Run("--format", "csv", "--sql", $"SELECT column_name, regexp_replace(column_type, '\\(.*', '') FROM (DESCRIBE {table})"));
        string[] found = [.. trace.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Replace(',', ' '))];
        Assert.Equal(found, told);
    }

    [GeneratedRegex(@"### ([^\n]+)\n(?:[^#`\n][^\n]*\n|\n)*```sql\n(.*?)```\n```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Question();

    [GeneratedRegex(@"^\| `(\w+)` \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Column();
}
