namespace Calltap.Patching;

/// <summary>What a site's bytes are, as far as the tracer knows.</summary>
public enum SiteState : byte
{
    /// <summary>The original bytes.</summary>
    Original = 0,

    /// <summary>A window is open on it: any mixture that the protocol allows.</summary>
    Changing = 1,

    /// <summary>A jump to its stub.</summary>
    Armed = 2,
}
