namespace Calltap.Trace;

/// <summary>What a poke batch did to the functions it names.</summary>
public enum ArmingKind
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Their sites became calls (the kernel's "make call"): of the entries, of the exits, or of both.</summary>
    Armed = 1,

    /// <summary>Their sites became what they were (the kernel's "make nop"), or those of the exits did.</summary>
    Disarmed = 2,

    /// <summary>Their entries lead to other trampolines (the kernel's "modify call"); the events are the same as before.</summary>
    Modified = 3,
}
