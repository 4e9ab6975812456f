namespace Calltap.Managed;

/// <summary>Whether there is a .NET runtime in a process.</summary>
enum DotNetPresence
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>The program is one that loads a runtime, and has not done so yet.</summary>
    Awaited,

    /// <summary>There is one.</summary>
    Runs,
}
