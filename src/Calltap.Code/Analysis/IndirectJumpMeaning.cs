namespace Calltap.Code.Analysis;

/// <summary>What an indirect jump is.</summary>
internal enum IndirectJumpMeaning : byte
{
    /// <summary>It may lead anywhere.</summary>
    NotUnderstood,

    /// <summary>A switch: its targets are in the function, and all of them are marked.</summary>
    Switch,

    /// <summary>It leaves the function.</summary>
    TailCall,

    /// <summary>It leaves the function and its callers, for the frame of one of them.</summary>
    LongJump,
}
