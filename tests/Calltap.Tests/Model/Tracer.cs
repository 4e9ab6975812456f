namespace Calltap.Tests.Model;

/// <summary>How much of the tracer lives: the threads of a killed process do not end at the same moment.</summary>
enum Tracer
{
    Alive,

    /// <summary>The guard's thread is gone; the writer's last system calls go on.</summary>
    Dying,

    /// <summary>All are gone: the helper's pipe ends.</summary>
    Dead,
}
