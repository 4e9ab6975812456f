namespace Calltap.Trace;

/// <summary>What a poke batch did to the functions it names.</summary>
public enum ArmingKind
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Their sites became calls (the kernel's "make call").</summary>
    Armed = 1,

    /// <summary>Their sites became what they were (the kernel's "make nop").</summary>
    Disarmed = 2,

    /// <summary>Their sites lead to other trampolines (the kernel's "modify call").</summary>
    Modified = 3,
}
