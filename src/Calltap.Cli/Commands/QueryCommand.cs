using System.CommandLine;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap query</c>: SQL over a trace. The program beside this one does it (<see cref="AnalysisProgram"/>).</summary>
static class QueryCommand
{
    static readonly string[] s_formats = ["table", "csv", "json", "parquet"];

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The trace." };
        var sql = new Argument<string?>("SQL") { Description = "The query; without it, a prompt.", Arity = ArgumentArity.ZeroOrOne };
        Option<string> format = new Option<string>("--format") { Description = "How rows are written.", DefaultValueFactory = _ => s_formats[0] }
            .AcceptOnlyFromAmong(s_formats);
        var output = new Option<string?>("--output", "-o") { Description = "The file to write rows to, instead of stdout.", HelpName = "OUT" };
        var tables = new Option<string?>("--tables") { Description = "Write all tables into this folder, as Parquet files.", HelpName = "DIR" };
        var command = new Command("query", "Ask in SQL: tables calls, events, functions, threads.") { file, sql, format, output, tables };
        command.SetAction(parsed => AnalysisProgram.Become(
            Arguments(parsed.GetValue(file)!, parsed.GetValue(sql), parsed.GetValue(format)!, parsed.GetValue(output), parsed.GetValue(tables))));
        return command;
    }

    static List<string> Arguments(string file, string? sql, string format, string? output, string? tables)
    {
        if (tables is not null && (sql is not null || output is not null))
            throw CommandException.Usage("--tables writes whole tables: it takes no query and no -o");
        if (tables is null && sql is null && (output is not null || format != s_formats[0]))
            throw CommandException.Usage("--format and -o need a query");
        if (format == "parquet" && output is null && tables is null)
            throw CommandException.Usage("--format parquet needs -o OUT");
        List<string> arguments = ["--file", file, "--format", format];
        if (output is not null) arguments.AddRange(["--output", output]);
        if (tables is not null) arguments.AddRange(["--tables", tables]);
        if (sql is not null) arguments.AddRange(["--sql", sql]);
        return arguments;
    }
}
