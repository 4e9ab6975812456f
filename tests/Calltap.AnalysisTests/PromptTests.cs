using Calltap.Analysis.Queries;

namespace Calltap.AnalysisTests;

/// <summary>Lines of statements and commands, from a pipe here.</summary>
public sealed class PromptTests
{
    [Fact]
    public void A_statement_ends_at_its_semicolon()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(0, trace.Type("SELECT count(*)\n  AS n -- not here; \nFROM calls; SELECT 'x;y' AS t;\nSELECT 3 AS last", "--format", "table"));
        Assert.Equal("  n\n158\nt\nx;y\nlast\n   3\n", trace.Output);
    }

    [Fact]
    public void Commands_answer()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(0, trace.Type(".tables\n.columns events\n.quit\nSELECT 1;\n", "--format", "table"));
        Assert.StartsWith("calls\nevents\nfunctions\nthreads\ncolumn_name  column_type\nthread       INTEGER\n", trace.Output, StringComparison.Ordinal);
        Assert.Contains("function     ENUM\n", trace.Output, StringComparison.Ordinal);
        Assert.EndsWith("stack        UINTEGER\n", trace.Output, StringComparison.Ordinal);
    }

    /// <summary>Statements of a pipe are a script: whoever runs it is told by the exit code.</summary>
    [Fact]
    public void An_error_does_not_end_it_but_shows_in_the_end()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(2, trace.Type("SELECT nothing_such;\n.nothing_such\nSELECT 2 AS n;\n", "--format", "table"));
        Assert.Equal("n\n2\n", trace.Output);
        Assert.Equal(2, trace.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void What_is_made_is_there_for_the_next_statement()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(0, trace.Type("CREATE VIEW slow AS SELECT * FROM calls WHERE duration > 1_000_000;\nSELECT count(*) AS n FROM slow;\nSELECT count(*) AS n FROM slow a JOIN slow b ON a.parent = b.id;\n", "--format", "table"));
        Assert.Equal("n\n3\nn\n2\n", trace.Output);
    }

    [Theory]
    [InlineData("a; b", "a", " b")]
    [InlineData("';'; \";\" ; c", "';'|\";\"", " c")]
    [InlineData("/* ; */ a; -- b;\n", "/* ; */ a", "")]
    [InlineData("$$;$$; $x$ ; $$ ; $x$;", "$$;$$|$x$ ; $$ ; $x$", "")]
    [InlineData("'open; a", "", "'open; a")]
    [InlineData(" ;; ", "", "")]
    [InlineData("$1; $", "$1", " $")]
    public void Text_is_split_outside_quotes_and_comments(string text, string statements, string pending)
    {
        (List<string> found, string rest) = SqlText.Split(text);
        Assert.Equal((statements, pending), (string.Join('|', found), rest));
    }
}
