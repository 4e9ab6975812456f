using Calltap.Analysis.Duck;

namespace Calltap.Analysis.Queries;

/// <summary>Reads statements and commands, line by line, and answers each.</summary>
/// <param name="database">The trace.</param>
/// <param name="input">Where lines come from.</param>
/// <param name="output">Where rows go.</param>
/// <param name="log">Where errors go, and, to a person, what is asked for.</param>
/// <param name="isInteractive">Whether a person types.</param>
sealed class Prompt(TraceDatabase database, TextReader input, TextWriter output, TextWriter log, bool isInteractive)
{
    const string Commands = ".tables  .columns TABLE  .load (decode all tables once, for many queries)  .quit; statements end with a semicolon";

    readonly QueryRun _run = new(database);
    volatile bool _isWaiting;
    bool _failed;

    /// <summary>Whether it waits for a line; any thread.</summary>
    public bool IsWaiting => _isWaiting;

    /// <summary>Answers until the end, or until it <paramref name="isOver"/>.</summary>
    /// <returns>Whether all statements were right, which matters where nobody types.</returns>
    public bool Run(Func<bool> isOver)
    {
        if (isInteractive)
            log.WriteLine(Commands);
        string pending = "";
        while (!isOver() && Ask(pending) is { } line)
        {
            if (pending.Length == 0 && line.TrimStart().StartsWith('.'))
            {
                if (line.Trim() is ".quit" or ".exit")
                    return !_failed;
                Try(() => Command(line.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries)));
                continue;
            }
            (List<string> statements, pending) = SqlText.Split($"{pending}{line}\n");
            foreach (string statement in statements.TakeWhile(_ => !isOver()))
                Answer(statement);
        }
        if (pending.Trim().Length > 0 && !isOver())
            Answer(pending.Trim());
        return !_failed;
    }

    string? Ask(string pending)
    {
        if (isInteractive)
            log.Write(pending.Length == 0 ? "calltap> " : "    ...> ");
        _isWaiting = true;
        string? line = input.ReadLine();
        _isWaiting = false;
        return line;
    }

    void Answer(string statement) => Try(() => _run.WriteTable(statement, output));

    void Command(string[] words)
    {
        switch (words)
        {
            case [".tables"]:
                foreach (string table in TraceDatabase.Tables)
                    output.WriteLine(table);
                break;
            case [".columns", var table]:
                _run.WriteTable($"SELECT column_name, regexp_replace(column_type, '^ENUM\\(.*', 'ENUM') AS column_type FROM (DESCRIBE {table})", output);
                break;
            case [".load"]:
                database.LoadAll();
                break;
            default:
                throw new DuckException($"no such command; there are {Commands}");
        }
    }

    void Try(Action action)
    {
        try
        {
            action();
        }
        catch (DuckException e)
        {
            _failed = true;
            log.WriteLine($"calltap: {e.Message}");
        }
        output.Flush();
    }
}
