namespace Calltap.Tests.Model;

/// <summary>How far the look at a running thread has come, of those that take several steps.</summary>
enum Looked
{
    No,

    /// <summary>A sample outside every region.</summary>
    Sampled,

    /// <summary>Its stack was read after that.</summary>
    Scanned,
}
