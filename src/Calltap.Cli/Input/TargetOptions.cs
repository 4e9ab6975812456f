using System.CommandLine;
using System.CommandLine.Parsing;

namespace Calltap.Cli.Input;

/// <summary>The options that say which process: <c>-p PID</c>, <c>-n NAME</c>, or <c>-- command</c>.</summary>
sealed class TargetOptions
{
    readonly Option<int?> _process = OptionParsers.Number("--process-id", "The process to attach to.", "PID", "-p");

    readonly Option<string?> _name = new("--name", "-n")
    {
        Description = "The one process that runs under this name.",
        HelpName = "NAME",
    };

    readonly Argument<string[]> _command = new("command")
    {
        Description = "After --: a command to start; its functions are armed before main runs.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_process);
        command.Add(_name);
        command.Add(_command);
    }

    /// <summary>What was given.</summary>
    /// <exception cref="CommandException">Not exactly one of them.</exception>
    public TargetChoice Read(ParseResult parsed)
    {
        int? pid = parsed.GetValue(_process);
        string? name = parsed.GetValue(_name);
        string[] command = parsed.GetValue(_command) ?? [];
        if (command.Length > 0 && parsed.Tokens.All(token => token.Type != TokenType.DoubleDash))
            throw CommandException.Usage($"'{command[0]}' is not understood: a command to start goes behind --");
        int given = (pid is null ? 0 : 1) + (name is null ? 0 : 1) + (command.Length == 0 ? 0 : 1);
        if (given != 1)
            throw CommandException.Usage($"give {(given == 0 ? "" : "only ")}one of -p PID, -n NAME, or -- command");
        return new TargetChoice(pid is { } number ? new Pid(number) : null, name, command);
    }

    /// <summary><c>-p</c> alone, for commands that only make sense for a process.</summary>
    public static Option<int?> ProcessOnly()
    {
        Option<int?> option = OptionParsers.Number("--process-id", "The process.", "PID", "-p");
        option.Required = true;
        return option;
    }
}
