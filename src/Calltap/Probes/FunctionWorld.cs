namespace Calltap.Probes;

/// <summary>Which functions of a .NET process are meant.</summary>
public enum FunctionWorld
{
    /// <summary>All.</summary>
    Both,

    /// <summary>The methods of .NET, compiled ahead of time or while it runs.</summary>
    Managed,

    /// <summary>All others: those of the runtime and of native libraries.</summary>
    Native,
}
