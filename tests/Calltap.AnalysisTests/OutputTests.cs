using System.Text.Json;

namespace Calltap.AnalysisTests;

/// <summary>Formats, files, errors and exit codes.</summary>
public sealed class OutputTests
{
    [Fact]
    public void Csv_has_a_heading_and_leaves_null_empty()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(0, trace.Run("--format", "csv", "--sql", "SELECT function, ended_by, duration, 'a,\"b' AS text FROM calls WHERE ended_by <> 'exit' ORDER BY start"));
        Assert.Equal("function,ended_by,duration,text\nparse,unwind,15000,\"a,\"\"b\"\nserve,unknown,,\"a,\"\"b\"\n", trace.Output);
    }

    [Fact]
    public void Json_is_an_array_of_objects()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(0, trace.Run("--format", "json", "--sql", "SELECT function, duration FROM calls WHERE ended_by <> 'exit' ORDER BY start"));
        JsonElement[] rows = [.. JsonDocument.Parse(trace.Output).RootElement.EnumerateArray()];
        Assert.Equal(["parse", "serve"], rows.Select(row => row.GetProperty("function").GetString()!));
        Assert.Equal((15_000, JsonValueKind.Null), (rows[0].GetProperty("duration").GetInt64(), rows[1].GetProperty("duration").ValueKind));
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("json")]
    [InlineData("parquet")]
    public void A_written_file_holds_the_rows(string format)
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        string file = trace.File($"it's.{format}");
        Assert.Equal(0, trace.Run("--format", format, "--output", file, "--sql", "SELECT * FROM calls"));
        Assert.Equal(("", ""), (trace.Output, trace.Errors));
        Assert.Equal("158 18255000", trace.Value($"SELECT concat_ws(' ', count(*), sum(self)) FROM '{file.Replace("'", "''", StringComparison.Ordinal)}'"));
    }

    /// <summary>Of a type of its own for enumerations many readers make bytes.</summary>
    [Fact]
    public void Parquet_files_hold_names_as_texts()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(0, trace.Run("--format", "parquet", "--tables", trace.File("all")));
        foreach (string table in (string[])["calls", "events", "functions", "threads"])
        {
            string file = trace.File($"all/{table}.parquet");
            Assert.Equal(trace.Value($"SELECT count(*) FROM {table}"), trace.Value($"SELECT count(*) FROM '{file}'"));
            Assert.Equal("0", trace.Value($"SELECT count(*) FROM parquet_schema('{file}') WHERE converted_type = 'ENUM'"));
        }
        Assert.Equal("UTF8", trace.Value($"SELECT converted_type FROM parquet_schema('{trace.File("all/calls.parquet")}') WHERE name = 'function'"));
    }

    [Theory]
    [InlineData("SELEC 1", "syntax error")]
    [InlineData("SELECT nothing_such FROM calls", "nothing_such")]
    [InlineData("SELECT * FROM no_such_table", "no_such_table")]
    [InlineData("SELECT 'x'::INTEGER FROM calls", "Could not convert")]
    public void A_wrong_query_is_one_line_and_2(string sql, string says)
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        foreach (string format in (string[])["table", "csv"])
        {
            Assert.Equal(2, trace.Run("--format", format, "--sql", sql));
            Assert.Equal("", trace.Output);
            Assert.StartsWith("calltap: ", trace.Errors, StringComparison.Ordinal);
            Assert.Contains(says, trace.Errors, StringComparison.Ordinal);
            Assert.Equal(1, trace.Errors.Count(c => c == '\n'));
        }
    }

    [Fact]
    public void An_empty_query_is_a_wrong_command_line()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(64, trace.Run("--format", "table", "--sql", " ; -- nothing"));
        Assert.Contains("empty", trace.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_2()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal(2, trace.Run("--format", "csv", "--output", trace.File("no/such/folder"), "--sql", "SELECT 1"));
        Assert.Contains("no/such/folder", trace.Errors, StringComparison.Ordinal);
    }

    /// <summary>Nothing is fetched from a network because a query names something there.</summary>
    [Fact]
    public void No_extension_is_installed_or_loaded()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal("false  false  false", trace.Value("SELECT concat_ws('  ', current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions'), current_setting('allow_community_extensions'))"));
        Assert.Equal(2, trace.Run("--format", "table", "--sql", "SELECT * FROM 'http://127.0.0.1:9/x.parquet'"));
        Assert.Contains("httpfs", trace.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_statements_give_the_rows_of_the_last()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal("n\n7\n", trace.Ask("CREATE TABLE mine AS SELECT DISTINCT function FROM calls; SELECT 'a;b'; SELECT count(*) AS n FROM mine; -- done"));
    }
}
