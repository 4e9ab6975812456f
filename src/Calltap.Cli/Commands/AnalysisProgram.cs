using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary>
/// The program that holds the SQL engine: a program of its own, because the engine is a native library of 70 MB that no other command needs
/// (docs/adr/0019-queries-run-beside-the-tool.md).
/// </summary>
static class AnalysisProgram
{
    const string Name = "Calltap.Analysis";

    /// <summary>A variable with its path, where it is neither beside this program nor in the same build.</summary>
    const string Variable = "CALLTAP_ANALYSIS";

    /// <summary>Runs it in place of this program, with the arguments that docs/adr/0019-queries-run-beside-the-tool.md lists. Does not return.</summary>
    /// <exception cref="CommandException">It is not there.</exception>
    /// <exception cref="IOException">It can't be run.</exception>
    public static int Become(IReadOnlyList<string> arguments)
    {
        string? path = Places().FirstOrDefault(File.Exists);
        if (path is null)
            throw new CommandException(ExitCode.Unsupported, $"queries need the program {Name} beside calltap, and it is not there: `./calltap query` builds it; or set {Variable} to its path");
        OtherProgram.Become(path, arguments);
        return ExitCode.Success;
    }

    static IEnumerable<string> Places()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given) return [given];
        return [Path.Combine(AppContext.BaseDirectory, Name), Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", Name, "release_linux-x64", Name))];
    }
}
