namespace Calltap.Cli.Demo;

/// <summary>There is no compiler, or it refused a program. The message is one line for people, and says what to do.</summary>
/// <param name="message">That line.</param>
/// <param name="output">What the compiler printed, or nothing.</param>
public sealed class CompilerException(string message, string output = "") : Exception(message)
{
    /// <summary>What the compiler printed.</summary>
    public string Output { get; } = output;
}
