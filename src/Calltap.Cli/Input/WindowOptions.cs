using System.CommandLine;
using Calltap.Patching;

namespace Calltap.Cli.Input;

/// <summary>The options that say what happens to threads while functions are armed and disarmed.</summary>
sealed class WindowOptions
{
    readonly Option<Int3Policy> _int3 = OptionParsers.Int3();
    readonly Option<bool> _noPtrace = new("--no-ptrace")
    {
        Description = "Trace nobody while functions are armed: the target answers its breakpoints itself, and no thread is stopped or interrupted. Not where SIGTRAP is blocked.",
    };

    /// <summary>Adds them.</summary>
    public void AddTo(Command command)
    {
        command.Add(_int3);
        command.Add(_noPtrace);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_noPtrace) && result.GetValue(_int3) == Int3Policy.Park)
                result.AddError("--int3 park needs a ptracer, which --no-ptrace leaves out");
        });
    }

    /// <summary>What was chosen.</summary>
    public WindowChoice Read(ParseResult parsed) => new(parsed.GetValue(_int3), parsed.GetValue(_noPtrace));
}
