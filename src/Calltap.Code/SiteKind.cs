namespace Calltap.Code;

/// <summary>What passes a site.</summary>
public enum SiteKind
{
    /// <summary>A function begins.</summary>
    Entry,

    /// <summary>A <c>ret</c>.</summary>
    Return,

    /// <summary>An unconditional jump to other code: this function ends, another begins.</summary>
    TailJump,

    /// <summary>A conditional jump to other code: an exit only when taken.</summary>
    ConditionalTailJump,
}
