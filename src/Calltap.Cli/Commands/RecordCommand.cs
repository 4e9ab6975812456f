using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap record</c>: traces a process into a file.</summary>
static class RecordCommand
{
    static readonly ByteSize s_maxSize = new(2_000_000_000);

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var scope = new ScopeOptions();
        var output = new Option<string?>("--output", "-o") { Description = "The trace file; overwritten. Default: NAME.calltap.", HelpName = "FILE" };
        Option<TimeSpan?> duration = OptionParsers.Duration("--duration", "Stop after this time, counted from when everything is armed.");
        Option<ByteSize> maxSize = OptionParsers.Size("--max-size", "Stop when the file is this large.", s_maxSize);
        var ops = new Option<string[]>("--op")
        {
            Description = "What to do and where: graph:GLOB records entries and exits, count:GLOB counts calls in the target. May be given several times. Default: one graph op for -F and -N.",
            HelpName = "graph:GLOB|count:GLOB",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> follow = OptionParsers.Follow();
        var window = new WindowOptions();
        var command = new Command("record", "Trace a process into a file, until ctrl-C, a limit, or its end.");
        target.AddTo(command);
        scope.AddTo(command);
        foreach (Option option in (Option[])[output, follow, duration, maxSize, ops]) command.Add(option);
        window.AddTo(command);
        command.SetAction(parsed =>
        {
            ScopeChoice functions = scope.Read(parsed);
            if (parsed.GetValue(follow))
            {
                using var tree = new TreeRecording(terminal)
                {
                    Target = target.Read(parsed),
                    Scope = functions,
                    Ops = OpsOf(parsed.GetValue(ops) ?? [], functions),
                    Window = window.Read(parsed),
                    Output = parsed.GetValue(output),
                    Duration = parsed.GetValue(duration),
                    MaxSize = parsed.GetValue(maxSize),
                };
                return tree.Run();
            }
            return new Recording(terminal)
            {
                Target = target.Read(parsed),
                Scope = functions,
                Ops = OpsOf(parsed.GetValue(ops) ?? [], functions),
                Window = window.Read(parsed),
                Output = parsed.GetValue(output),
                Duration = parsed.GetValue(duration),
                MaxSize = parsed.GetValue(maxSize),
            }.Run();
        });
        return command;
    }

    static IReadOnlyList<Op> OpsOf(string[] texts, ScopeChoice scope)
    {
        if (texts.Length == 0) return [scope.OpOf(OpKind.Graph)];
        try
        {
            return [.. texts.Select(text => Op.Parse(text, scope.Filter))];
        }
        catch (FormatException e)
        {
            throw CommandException.Usage(e.Message);
        }
    }
}
