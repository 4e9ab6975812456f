namespace Calltap.Tests.Model;

/// <summary>What a signal frame on a thread's stack holds.</summary>
enum Saved
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>A pc outside every region.</summary>
    Elsewhere,

    /// <summary>The second instruction of the first site's region.</summary>
    BehindFirst,

    /// <summary>Of the second site's.</summary>
    BehindSecond,
}
