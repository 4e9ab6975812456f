namespace Calltap.Code.Analysis;

/// <summary>The unusual in a function's control flow, found in pass 1.</summary>
internal sealed class FunctionFlow
{
    /// <summary>A branch leads between instruction starts and decoding from there never meets the others: the sweep may have lost its way.</summary>
    internal bool Desynchronized { get; set; }

    /// <summary>There is a near indirect jump.</summary>
    internal bool HasIndirectJump { get; init; }

    /// <summary>A jump table leads to the function's entry.</summary>
    internal bool SwitchToEntry { get; set; }

    /// <summary>The meaning of each indirect jump, by its address.</summary>
    internal Dictionary<ImageAddress, IndirectJumpMeaning> IndirectJumps { get; } = [];

    /// <summary>Whether one of the indirect jumps may lead anywhere in the function.</summary>
    internal bool HasJumpNotUnderstood { get; set; }
}
