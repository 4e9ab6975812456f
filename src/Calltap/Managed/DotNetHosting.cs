namespace Calltap.Managed;

/// <summary>Where the runtime of a .NET process comes from.</summary>
public enum DotNetHosting
{
    /// <summary>An installation that programs share.</summary>
    Shared,

    /// <summary>The program brought its own along, in files beside it.</summary>
    SelfContained,

    /// <summary>It is linked into the program.</summary>
    SingleFile,
}
