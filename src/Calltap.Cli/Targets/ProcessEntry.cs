namespace Calltap.Cli.Targets;

/// <summary>A process as /proc lists it.</summary>
/// <param name="Pid">Its id.</param>
/// <param name="User">Who runs it: a name, or the number where it has none.</param>
/// <param name="Threads">How many threads.</param>
/// <param name="Name">Its command name (comm).</param>
/// <param name="CommandLine">Its arguments; empty for a kernel thread.</param>
/// <param name="Executable">The file name of its program, where it may be read.</param>
sealed record ProcessEntry(Pid Pid, string User, int Threads, string Name, string CommandLine, string Executable);
