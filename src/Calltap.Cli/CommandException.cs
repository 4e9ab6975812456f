namespace Calltap.Cli;

/// <summary>A command ends early: one line for people, and the exit code.</summary>
/// <param name="code">One of <see cref="ExitCode"/>.</param>
/// <param name="message">What is wrong and what to do, without a full stop.</param>
sealed class CommandException(int code, string message) : Exception(message)
{
    /// <summary>The exit code.</summary>
    public int Code { get; } = code;

    /// <summary>A wrong command line.</summary>
    public static CommandException Usage(string message) => new(ExitCode.Usage, message);

    /// <summary>Nothing matched, or nothing to do.</summary>
    public static CommandException Nothing(string message) => new(ExitCode.Nothing, message);

    /// <summary>A failure.</summary>
    public static CommandException Failed(string message) => new(ExitCode.Failed, message);
}
