namespace Calltap.Doctor;

/// <summary>What a finding means for tracing.</summary>
public enum FindingState
{
    /// <summary>Nothing stands in the way.</summary>
    Ok,

    /// <summary>Tracing works, with the limit that the reason tells of.</summary>
    Limited,

    /// <summary>Attaching is refused.</summary>
    Refused,

    /// <summary>This machine does not tell: it has no such file.</summary>
    Absent,
}
