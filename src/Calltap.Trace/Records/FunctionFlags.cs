namespace Calltap.Trace;

/// <summary>What is known of how a function was armed.</summary>
[Flags]
public enum FunctionFlags
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Every exit is patched, so a call that was left without an exit event was unwound.</summary>
    AllExitsPatched = 1,
}
