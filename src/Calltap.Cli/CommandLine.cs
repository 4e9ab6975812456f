using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Calltap.Cli.Commands;
using Calltap.Cli.Output;

namespace Calltap.Cli;

/// <summary>The command line as a whole: parses it, runs a command, and turns every failure into one line and an exit code.</summary>
static class CommandLine
{
    /// <summary>Runs the tool.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments)
    {
        using var terminal = new Terminal();
        try
        {
            CheckHost();
            return Finish(terminal, Invoke(arguments, terminal));
        }
        catch (Exception e) when (Failure.IsClosedPipe(e))
        {
            return ExitCode.Success;
        }
        catch (Exception e) when (Failure.Of(e) is { } failure)
        {
            terminal.Error(failure.Message);
            return failure.Code;
        }
    }

    static int Invoke(string[] arguments, Terminal terminal)
    {
        // Patterns begin with '@': a response file is never meant.
        var parser = new ParserConfiguration { ResponseFileTokenReplacer = null };
        ParseResult parsed = Root(terminal).Parse(arguments, parser);
        if (parsed.Errors.Count > 0)
        {
            string command = string.Join(' ', Path(parsed.CommandResult));
            string message = string.Join(' ', parsed.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
            throw CommandException.Usage($"{message} (see `{command} --help`)");
        }
        // Signals are the commands' own: a recording ends in good order.
        return parsed.Invoke(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = terminal.Out, Error = terminal.Log,
        });
    }

    static RootCommand Root(Terminal terminal)
    {
        var root = new RootCommand("Function tracing for running programs: turns tracing of tens of thousands of functions on and off in a live process.")
        {
            HelpName = "calltap",
        };
        root.Add(RecordCommand.Create(terminal));
        root.Add(CountCommand.Create(terminal));
        root.Add(ReportCommand.Create(terminal));
        root.Add(ReplayCommand.Create(terminal));
        root.Add(GraphCommand.Create(terminal));
        root.Add(DiffCommand.Create(terminal));
        root.Add(ExportCommand.Create(terminal));
        root.Add(InfoCommand.Create(terminal));
        root.Add(QueryCommand.Create());
        root.Add(ViewCommand.Create(terminal));
        root.Add(FunctionsCommand.Create(terminal));
        root.Add(PsCommand.Create(terminal));
        root.Add(DoctorCommand.Create(terminal));
        root.Add(StatusCommand.Create(terminal));
        root.Add(DetachCommand.Create(terminal));
        root.Add(DemoCommand.Create(terminal));
        root.Add(CompletionsCommand.Create(terminal));
        root.SetAction((ParseResult _) => NoCommand());
        return root;
    }

    static int NoCommand() => throw CommandException.Usage("no command given (see `calltap --help`; `calltap demo` shows what it does)");

    static IEnumerable<string> Path(CommandResult result) =>
        result.Parent is CommandResult parent ? [.. Path(parent), result.Command.Name] : ["calltap"];

    static void CheckHost()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            throw new CommandException(ExitCode.Unsupported, $"calltap runs on Linux on x86-64, not on {RuntimeInformation.RuntimeIdentifier}");
    }

    static int Finish(Terminal terminal, int code)
    {
        terminal.Out.Flush();
        return code;
    }
}
