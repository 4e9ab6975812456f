using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Cli;

/// <summary>Shells complete by the scripts; one that is not installed is skipped and says so.</summary>
public sealed class CompletionsCommandTests
{
    [Fact]
    public void Bash_completes_commands_options_and_their_values()
    {
        Assert.Equal("record replay report", Complete("bash", "calltap re"));
        Assert.Equal("--sort", Complete("bash", "calltap report FILE --so"));
        Assert.Equal("caller function module thread", Complete("bash", "calltap report FILE --by "));
        Assert.Equal("--filter --flat --force --from", Complete("bash", "calltap replay FILE --f"));
        Assert.Contains(" p50 ", Complete("bash", "calltap report FILE --sort "), StringComparison.Ordinal);
    }

    [Fact]
    public void Fish_completes_commands_and_options()
    {
        Assert.SkipWhen(InstalledPrograms.Find("fish") is null, "no fish: install it");
        Assert.Equal("record replay report", Complete("fish", "calltap re"));
        Assert.Equal("--sort", Complete("fish", "calltap report FILE --so"));
    }

    [Fact]
    public void Zsh_takes_the_script()
    {
        Assert.SkipWhen(InstalledPrograms.Find("zsh") is null, "no zsh: install it");
        Assert.Equal("_calltap", Run("zsh", "-f", "autoload -Uz compinit; compinit -u -D; source <(calltap completions zsh); print $_comps[calltap]"));
    }

    [Fact]
    public void Another_shell_is_a_wrong_command_line() => CliRun.RunBad(64, "completions", "tcsh");

    static string Complete(string shell, string line)
    {
        string[] words = line.Split(' ');
        string ask = shell == "fish"
            ? $"calltap completions fish | source; complete -C '{line}'"
            : $"source <(calltap completions bash); COMP_LINE='{line}' COMP_POINT={line.Length} COMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))}) COMP_CWORD={words.Length - 1}; _calltap; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
        string[] found = Run(shell, shell == "fish" ? "--no-config" : "--norc", ask).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', found.Select(text => text.Split('\t')[0]).Where(text => text.StartsWith(words[^1], StringComparison.Ordinal) && !File.Exists(text)).Order());
    }

    // The scripts call it by its name: a folder with a script of that name comes first in the path.
    static string Run(string shell, string option, string commands)
    {
        using var folder = new ScratchFolder();
        string self = folder.File("calltap");
        File.WriteAllText(self, $"#!/bin/sh\nexec {string.Join(' ', CliRun.Command.Select(part => $"'{part}'"))} \"$@\"\n");
        File.SetUnixFileMode(self, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using CliRun run = CliRun.StartBy(["env", $"PATH={Path.GetDirectoryName(self)}:{Environment.GetEnvironmentVariable("PATH")}", shell, option, "-c", $"cd /; {commands}", "calltap"]);
        run.AssertEnds(0);
        return run.Output.Trim();
    }
}
