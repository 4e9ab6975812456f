namespace Calltap.Recording;

/// <summary>Why a recording ended.</summary>
public enum RecordStop
{
    /// <summary>It goes on.</summary>
    None,

    /// <summary>Its owner ended it.</summary>
    Asked,

    /// <summary>The file has reached its largest size.</summary>
    MaxSize,

    /// <summary>The target has ended, or become another program.</summary>
    TargetEnded,

    /// <summary>The file could not be written (a full disk); what is in it is readable.</summary>
    WriteFailed,
}
