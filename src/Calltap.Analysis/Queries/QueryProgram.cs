using Calltap.Analysis.Duck;
using Calltap.Trace;

namespace Calltap.Analysis.Queries;

/// <summary>The program: opens the trace, runs what is asked for, and turns every failure into one line and an exit code (docs/commands/README.md).</summary>
sealed class QueryProgram(TextReader input, Stream output, TextWriter log, bool isInteractive)
{
    const int Success = 0;
    const int Part = 1;
    const int Failed = 2;
    const int Usage = 64;
    const int EPIPE = 32;

    /// <summary>Runs it.</summary>
    /// <returns>The exit code.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        try
        {
            return Run(QueryRequest.Parse(arguments));
        }
        catch (IOException e) when (e.HResult == EPIPE)
        {
            return Success; // whoever read our output has gone
        }
        catch (FormatException e)
        {
            return Fail(Usage, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TraceFormatException or DuckException)
        {
            return Fail(Failed, e.Message.ReplaceLineEndings(" ").TrimEnd('.'));
        }
    }

    int Run(QueryRequest request)
    {
        bool isPrompt = request.Sql is null && request.Tables is null;
        using var signals = new StopSignals(isPrompt && isInteractive);
        using TraceReader? trace = Open(request.File, out Stream? file);
        if (trace is null)
            return Failed;
        using Stream held = file!;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("calltap-query-");
        try
        {
            using var database = new TraceDatabase(trace, folder.FullName);
            return isPrompt ? RunPrompt(trace, database, signals, folder) : RunOnce(request, trace, database, signals);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    int RunOnce(QueryRequest request, TraceReader trace, TraceDatabase database, StopSignals signals)
    {
        signals.Interrupts(database.Interrupt);
        try
        {
            using var text = new StreamWriter(output, leaveOpen: true) { NewLine = "\n" };
            Answer(request, database, text);
            text.Flush();
            return Conclude(trace);
        }
        catch (DuckException) when (signals.IsRaised)
        {
            return Fail(Failed, "interrupted");
        }
        finally
        {
            signals.Interrupts(() => { });
        }
    }

    int RunPrompt(TraceReader trace, TraceDatabase database, StopSignals signals, DirectoryInfo folder)
    {
        using var text = new StreamWriter(output, leaveOpen: true) { NewLine = "\n" };
        var prompt = new Prompt(database, input, text, log, isInteractive);
        signals.Interrupts(() =>
        {
            if (!prompt.IsWaiting || !signals.IsRaised)
            {
                database.Interrupt();
                return;
            }
            folder.Delete(recursive: true); // nothing ends the wait for a line
            Environment.Exit(Failed);
        });
        bool isRight = prompt.Run(() => signals.IsRaised);
        signals.Interrupts(() => { });
        return signals.IsRaised ? Fail(Failed, "interrupted") : isRight || isInteractive ? Conclude(trace) : Failed;
    }

    void Answer(QueryRequest request, TraceDatabase database, TextWriter text)
    {
        var run = new QueryRun(database);
        if (request.Tables is { } tables)
        {
            run.WriteTables(tables);
            return;
        }
        (List<string> statements, string rest) = SqlText.Split(request.Sql!);
        if (rest.Length > 0)
            statements.Add(rest.Trim());
        if (statements.Count == 0)
            throw new FormatException("the query is empty");
        statements[..^1].ForEach(run.Execute);
        WriteLast(run, statements[^1], request, database, text);
    }

    void WriteLast(QueryRun run, string statement, QueryRequest request, TraceDatabase database, TextWriter text)
    {
        if (request.Output is { } path && request.Format == RowFormat.Table)
        {
            using var file = new StreamWriter(path) { NewLine = "\n" };
            run.WriteTable(statement, file);
        }
        else if (request.Output is { } other)
            run.WriteFile(statement, request.Format, other);
        else if (request.Format == RowFormat.Table)
            run.WriteTable(statement, text);
        else
            WriteToOutput(run, statement, request.Format, database);
    }

    void WriteToOutput(QueryRun run, string statement, RowFormat format, TraceDatabase database)
    {
        using var pipe = new OutputPipe(output, database.Interrupt);
        try
        {
            run.WriteFile(statement, format, pipe.Path);
        }
        catch (DuckException)
        {
            pipe.Finish(); // where the output failed, that is why
            throw;
        }
        pipe.Finish();
    }

    // In the words of the other commands.
    TraceReader? Open(string path, out Stream? file)
    {
        file = null;
        try
        {
            file = File.OpenRead(path);
            return TraceReader.Open(file, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TraceFormatException or NotSupportedException)
        {
            file?.Dispose();
            Fail(Failed, e is TraceFormatException ? $"{e.Message.TrimEnd('.')}: is it a trace of this version?" : $"can't read {path}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
            return null;
        }
    }

    int Conclude(TraceReader trace)
    {
        if (trace.Damage is { } damage)
            log.WriteLine($"calltap: damaged, read up to there: {damage.Message.TrimEnd('.')}");
        else if (!trace.IsComplete)
            log.WriteLine("calltap: the file has no end (its recording was cut off): read up to the last whole piece");
        return trace.Damage is null && trace.IsComplete ? Success : Part;
    }

    int Fail(int code, string message)
    {
        log.WriteLine($"calltap: {message}");
        return code;
    }
}
