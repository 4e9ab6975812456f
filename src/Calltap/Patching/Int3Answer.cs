namespace Calltap.Patching;

/// <summary>How a policy has answered a trap.</summary>
enum Int3Answer
{
    /// <summary>The registers are what they are behind the breakpoint.</summary>
    Emulated,

    /// <summary>The thread is at the site again and must not go on before the heads are written.</summary>
    Parked,

    /// <summary>No answer is right.</summary>
    None,
}
