namespace Calltap.Tests.Model;

/// <summary>Where a thread's pc is, with the number of the site where one is meant.</summary>
enum Place
{
    /// <summary>Anywhere else in user code.</summary>
    Outside,

    /// <summary>The first byte of the region.</summary>
    Head,

    /// <summary>
    /// The second byte: where a breakpoint leaves the pc, and, since the first instruction of a region of several is one
    /// byte long here (push rbp), also where its second instruction begins.
    /// </summary>
    Behind,

    /// <summary>The stub: the whole region is executed out of line.</summary>
    Copy,

    /// <summary>The second instruction of the displaced copy.</summary>
    CopyBehind,
}
