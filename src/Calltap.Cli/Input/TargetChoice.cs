namespace Calltap.Cli.Input;

/// <summary>Which process is meant: exactly one of the three is given.</summary>
/// <param name="Process">By its pid.</param>
/// <param name="Name">By its name.</param>
/// <param name="Command">A command to start, with its arguments.</param>
sealed record TargetChoice(Pid? Process, string? Name, IReadOnlyList<string> Command);
