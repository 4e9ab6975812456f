using System.CommandLine;
using Calltap.Cli.Output;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap completions</c>: a script by which a shell completes commands, options and files. The shell asks this program (the suggest directive of System.CommandLine).</summary>
static class CompletionsCommand
{
    const string Bash = """
        # calltap completions bash >/etc/bash_completion.d/calltap, or: source <(calltap completions bash)
        _calltap() {
            local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]}
            COMPREPLY=($(compgen -W "$(calltap "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _calltap calltap
        """;

    const string Zsh = """
        #compdef calltap
        # calltap completions zsh >a folder of $fpath/_calltap, or: source <(calltap completions zsh)
        _calltap() {
            local line="${words[1,CURRENT]}"
            local -a found=("${(@f)$(calltap "[suggest:${#line}]" "$line" 2>/dev/null)}")
            found=(${found:#})
            (( $#found )) && compadd -- $found
            [[ ${words[CURRENT]} == -* ]] || _files
        }
        compdef _calltap calltap
        """;

    const string Fish = """
        # calltap completions fish >~/.config/fish/completions/calltap.fish
        function __calltap
            set -l line (commandline -cp)
            calltap "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c calltap -a '(__calltap)'
        """;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        Argument<string> shell = new Argument<string>("SHELL") { Description = "The shell." }.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completions", "Print a script by which a shell completes calltap's commands, options and files.") { shell };
        command.SetAction(parsed =>
        {
            terminal.Out.WriteLine(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCode.Success;
        });
        return command;
    }
}
