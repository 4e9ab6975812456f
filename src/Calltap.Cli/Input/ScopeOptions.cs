using System.CommandLine;
using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.Cli.Input;

/// <summary>The options that say which functions: <c>-F</c>, <c>-N</c>, <c>--libs</c>, <c>--all</c>, <c>--managed</c>, <c>--native</c>, <c>--no-unloading</c>, <c>--allow-int3</c>.</summary>
sealed class ScopeOptions
{
    readonly Option<string[]> _filter = new("--filter", "-F")
    {
        Description = "Functions to trace: a glob of names, name@module, or @module; may be given several times. Default: all in scope.",
        HelpName = "GLOB",
        Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<string[]> _notrace = new("--notrace", "-N")
    {
        Description = "Functions not to trace; wins over -F.",
        HelpName = "GLOB",
        Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<bool> _libraries = new("--libs") { Description = "The libraries too, but not the C library." };

    readonly Option<bool> _all = new("--all") { Description = "Everything that is loaded, but not the dynamic linker." };

    readonly Option<bool> _managed = new("--managed") { Description = "Of a .NET process only the methods of .NET." };

    readonly Option<bool> _native = new("--native") { Description = "Of a .NET process only what is no method of .NET." };

    readonly Option<bool> _noUnloading = new("--no-unloading") { Description = "A .NET 8 process unloads no assemblies: ask for its compiled methods, though it can't be asked whether it does." };

    readonly Option<bool> _allowInt3 = new("--allow-int3") { Description = "Of .NET methods see the exits too that no jump fits at: a breakpoint stays there, and each call of one takes some microseconds more." };

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="exits">Whether it is about exits too.</param>
    public void AddTo(Command command, bool exits = true)
    {
        command.Add(_filter);
        command.Add(_notrace);
        command.Add(_libraries);
        command.Add(_all);
        command.Add(_managed);
        command.Add(_native);
        command.Add(_noUnloading);
        if (exits) command.Add(_allowInt3);
    }

    /// <summary>What was given.</summary>
    /// <exception cref="CommandException">A pattern is none, or options exclude each other.</exception>
    public ScopeChoice Read(ParseResult parsed)
    {
        FunctionScope scope =
            parsed.GetValue(_all) ? FunctionScope.All : parsed.GetValue(_libraries) ? FunctionScope.Libraries : FunctionScope.Executable;
        string[] filter = parsed.GetValue(_filter) ?? [];
        try
        {
            FunctionFilter functions = FunctionFilter.Parse(filter, parsed.GetValue(_notrace) ?? []) with { World = WorldOf(parsed), UnloadsNothing = parsed.GetValue(_noUnloading), AllowsBreakpoints = parsed.GetValue(_allowInt3) };
            return new ScopeChoice(scope, functions, string.Join(',', filter));
        }
        catch (FormatException e)
        {
            throw CommandException.Usage(e.Message);
        }
    }

    FunctionWorld WorldOf(ParseResult parsed) => (parsed.GetValue(_managed), parsed.GetValue(_native)) switch
    {
        (true, true) => throw CommandException.Usage("give only one of --managed and --native"),
        (true, _) => FunctionWorld.Managed,
        (_, true) => FunctionWorld.Native,
        _ => FunctionWorld.Both,
    };
}
