using System.CommandLine;
using Calltap.Cli.Demo;
using Calltap.Cli.Input;
using Calltap.Cli.Output;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap demo</c>: traces a bundled busy program while it runs.</summary>
static class DemoCommand
{
    const int DefaultSeconds = 2;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        Option<int?> functions = OptionParsers.Number("--functions", $"How many functions the program has (default {DemoProgram.FunctionCount}).", "N");
        Option<int?> seconds = OptionParsers.Number("--seconds", $"How long to record (default {DefaultSeconds}).", "S");
        var command = new Command("demo", "Build and start a busy program with 40,000 functions and 4 threads, arm them all while it runs, and show what was recorded.")
        {
            functions, seconds,
        };
        command.SetAction(parsed => new Demonstration(terminal)
        {
            Functions = parsed.GetValue(functions) ?? DemoProgram.FunctionCount,
            Seconds = parsed.GetValue(seconds) ?? DefaultSeconds,
        }.Run());
        return command;
    }
}
