using System.Text;
using Calltap.Analysis.Queries;

namespace Calltap.AnalysisTests;

/// <summary>The program, run on a trace in a file of its own; what it wrote, and its exit code.</summary>
sealed class QueryRunner : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("calltap-tests-");

    /// <summary>A runner for a trace.</summary>
    public QueryRunner(byte[] trace) => System.IO.File.WriteAllBytes(Trace, trace);

    /// <summary>The trace's path.</summary>
    public string Trace => File("t.calltap");

    /// <summary>What went to stdout.</summary>
    public string Output { get; private set; } = "";

    /// <summary>What went to stderr.</summary>
    public string Errors { get; private set; } = "";

    /// <summary>A path in its folder.</summary>
    public string File(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Runs a query; its rows as a table.</summary>
    public string Ask(string sql)
    {
        Assert.Equal(0, Run("--format", "table", "--sql", sql));
        return Output;
    }

    /// <summary>Runs a query of one value.</summary>
    public string Value(string sql) => Ask(sql).Split('\n')[1].Trim();

    /// <summary>Runs the program with these arguments behind the file.</summary>
    public int Run(params string[] arguments) => Type("", arguments);

    /// <summary>Runs the program with lines on its stdin.</summary>
    public int Type(string input, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var errors = new StringWriter { NewLine = "\n" };
        int code = new QueryProgram(new StringReader(input), output, errors, isInteractive: false).Run(["--file", Trace, .. arguments]);
        Output = Encoding.UTF8.GetString(output.ToArray());
        Errors = errors.ToString();
        return code;
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}
