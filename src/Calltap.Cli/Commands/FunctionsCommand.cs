using System.CommandLine;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Modules;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap functions</c>: what can be traced, and why not.</summary>
static class FunctionsCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        Option<int?> process = OptionParsers.Number("--process-id", "The process to look into; it is only read.", "PID", "-p");
        var file = new Argument<string?>("FILE") { Description = "An executable or library to look into.", Arity = ArgumentArity.ZeroOrOne };
        var scope = new ScopeOptions();
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        var command = new Command("functions", "List the functions of a process or file, with how each can be traced or why not.");
        command.Add(process);
        command.Add(file);
        scope.AddTo(command);
        command.Add(json);
        command.SetAction(parsed =>
        {
            ScopeChoice choice = scope.Read(parsed);
            FunctionCatalog catalog = Load(parsed.GetValue(process), parsed.GetValue(file), choice);
            return Print(FunctionList.Of(catalog, choice.Filter), catalog, parsed.GetValue(json), terminal);
        });
        return command;
    }

    static FunctionCatalog Load(int? process, string? file, ScopeChoice scope)
    {
        if (process is { } pid && file is null)
        {
            using TargetProcess target = TargetProcess.Open(new Pid(pid));
            return FunctionCatalog.Load(target, scope.Scope, [scope.Filter], CacheFolder.Analyses);
        }
        if (process is null && file is not null)
            return FunctionCatalog.LoadFile(Path.GetFullPath(file), CacheFolder.Analyses, scope.Filter);
        throw CommandException.Usage("give one of -p PID or FILE");
    }

    static int Print(FunctionList list, FunctionCatalog catalog, bool json, Terminal terminal)
    {
        if (json)
        {
            list.WriteJson(terminal.OutStream);
            terminal.Out.WriteLine();
        }
        else
        {
            list.ToTable().Write(terminal);
            foreach (string line in FunctionTotals.Lines(list, catalog)) terminal.Out.WriteLine(line);
        }
        foreach (string unreadable in catalog.Unreadable) terminal.Note($"{unreadable} can't be read: left out");
        foreach (string note in catalog.Notes) terminal.Note(note);
        return list.Functions.Count > 0 ? ExitCode.Success : ExitCode.Nothing;
    }
}
