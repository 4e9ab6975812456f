using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap count</c>: calls per function, kept in the target, without a trace file.</summary>
static class CountCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var target = new TargetOptions();
        var scope = new ScopeOptions();
        Option<TimeSpan?> interval = OptionParsers.Duration("--interval", "Print what was called in each interval of this length.");
        Option<TimeSpan?> duration = OptionParsers.Duration("--duration", "Stop after this time.");
        Option<int?> top = OptionParsers.Number("--top", "Show only so many functions (default: all at the end, 20 in an interval).", "N");
        var json = new Option<bool>("--json") { Description = "One JSON object at the end." };
        Option<bool> follow = OptionParsers.Follow();
        var window = new WindowOptions();
        var command = new Command("count", "Count the calls of functions, until ctrl-C, --duration, or the target's end.");
        target.AddTo(command);
        scope.AddTo(command, exits: false);
        foreach (Option option in (Option[])[follow, interval, duration, top, json]) command.Add(option);
        window.AddTo(command);
        command.SetAction(parsed =>
        {
            ScopeChoice functions = scope.Read(parsed);
            if (parsed.GetValue(follow))
                return new TreeCounting(terminal)
                {
                    Target = target.Read(parsed),
                    Scope = functions,
                    Ops = [functions.OpOf(OpKind.Count)],
                    Window = window.Read(parsed),
                    Interval = parsed.GetValue(interval),
                    Duration = parsed.GetValue(duration),
                    Top = parsed.GetValue(top),
                    Json = parsed.GetValue(json),
                }.Run();
            return new Counting(terminal)
            {
                Target = target.Read(parsed),
                Scope = functions,
                Op = functions.OpOf(OpKind.Count),
                Window = window.Read(parsed),
                Interval = parsed.GetValue(interval),
                Duration = parsed.GetValue(duration),
                Top = parsed.GetValue(top),
                Json = parsed.GetValue(json),
            }.Run();
        });
        return command;
    }
}
