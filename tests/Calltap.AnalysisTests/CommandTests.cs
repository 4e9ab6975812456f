using System.Diagnostics;

namespace Calltap.AnalysisTests;

/// <summary>The command as a user runs it: the tool becomes the program beside it.</summary>
public sealed class CommandTests
{
    static readonly string s_tool = Path.Combine(Tree.Root, "artifacts", "bin", "Calltap.Cli", "release", "Calltap.Cli");

    [Fact]
    public void The_tool_runs_the_program_beside_it()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        Assert.Equal((0, "n\n158\n", ""), Run(null, "", "query", trace.Trace, "--format", "csv", "SELECT count(*) AS n FROM calls"));
        Assert.Equal((0, "  n\n158\n", ""), Run(null, "SELECT count(*) AS n FROM calls;\n", "query", trace.Trace));
        (int code, _, string errors) = Run(null, "", "query", trace.Trace, "SELECT nothing_such FROM calls");
        Assert.Equal(2, code);
        Assert.StartsWith("calltap: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_that_program_it_says_so()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        (int code, string output, string errors) = Run(trace.File("absent"), "", "query", trace.Trace, "SELECT 1");
        Assert.Equal((3, ""), (code, output));
        Assert.StartsWith("calltap: queries need the program Calltap.Analysis", errors, StringComparison.Ordinal);
        (code, _, errors) = Run(trace.Trace, "", "query", trace.Trace, "SELECT 1");
        Assert.Equal((2, $"calltap: cannot run {trace.Trace}: EACCES\n"), (code, errors));
    }

    [Fact]
    public void Export_writes_the_tables_as_parquet()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        (int code, _, string errors) = Run(null, "", "export", trace.Trace, "--format", "parquet", "-o", trace.File("tables"));
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal((0, "n\n158\n", ""), Run(null, "", "query", trace.Trace, "--format", "csv", $"SELECT count(*) AS n FROM '{trace.File("tables")}/calls.parquet'"));
        Assert.Equal(64, Run(null, "", "export", trace.Trace, "--format", "parquet").Code);
        Assert.Equal(64, Run(null, "", "export", trace.Trace, "--format", "parquet", "-o", trace.File("other"), "--tid", "1").Code);
    }

    [Theory]
    [InlineData("--format", "parquet", "SELECT 1")]
    [InlineData("--format", "csv")]
    [InlineData("-o", "x")]
    [InlineData("--tables", "x", "SELECT 1")]
    [InlineData("--format", "xml", "SELECT 1")]
    public void Options_that_make_no_sense_are_64(params string[] options)
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        (int code, string output, string errors) = Run(null, "", ["query", trace.Trace, .. options]);
        Assert.Equal((64, ""), (code, output));
        Assert.StartsWith("calltap: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_that_has_gone_is_no_failure()
    {
        using var trace = new QueryRunner(ForestTrace.Write(threads: 2, events: 400_000));
        using Process shell = Start("/bin/bash", null, "-c", $"set -o pipefail; '{s_tool}' query '{trace.Trace}' --format csv 'SELECT * FROM calls' | head -n 1");
        string output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        Assert.Equal((0, "id,parent,thread,function,module,function_id,depth,start,duration,self,ended_by,outermost\n"), (shell.ExitCode, output));
    }

    [Fact]
    public void Its_temporary_folder_is_gone_afterwards()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        string temporary = Directory.CreateDirectory(trace.File("tmp")).FullName;
        using Process shell = Start("/usr/bin/env", null, $"TMPDIR={temporary}", s_tool, "query", trace.Trace, "--format", "csv", $"SELECT count(*) > 0 AS was_there FROM calls a JOIN calls b ON a.id = b.parent JOIN calls c ON b.id = c.parent, glob('{temporary}/calltap-query-*/*')");
        string output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        Assert.Equal((0, "was_there\ntrue\n"), (shell.ExitCode, output)); // loaded into a file there
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
    }

    [Fact]
    public void A_signal_ends_a_query_in_good_order()
    {
        using var trace = new QueryRunner(ShopTrace.Bytes);
        string temporary = Directory.CreateDirectory(trace.File("tmp")).FullName;
        using Process tool = Start("/usr/bin/env", null, $"TMPDIR={temporary}", s_tool, "query", trace.Trace, "SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(10_000_000) b, calls");
        SpinWait.SpinUntil(() => Directory.EnumerateDirectories(temporary, "calltap-query-*").Any(), TimeSpan.FromSeconds(60));
        Process.Start("/bin/kill", ["-TERM", $"{tool.Id}"]).WaitForExit();
        string errors = tool.StandardError.ReadToEnd();
        tool.WaitForExit();
        Assert.Equal((2, "calltap: interrupted\n"), (tool.ExitCode, errors));
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
    }

    static (int Code, string Output, string Errors) Run(string? program, string input, params string[] arguments)
    {
        using Process tool = Start(s_tool, program, arguments);
        tool.StandardInput.Write(input);
        tool.StandardInput.Close();
        Task<string> errors = tool.StandardError.ReadToEndAsync();
        string output = tool.StandardOutput.ReadToEnd();
        tool.WaitForExit();
        return (tool.ExitCode, output, errors.Result);
    }

    static Process Start(string file, string? program, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (program is not null) start.Environment["CALLTAP_ANALYSIS"] = program;
        return Process.Start(start)!;
    }
}
