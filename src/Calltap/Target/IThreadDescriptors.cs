using Calltap.Code.Emit;

namespace Calltap.Target;

/// <summary>How one kind of C library's descriptors of threads are found and verified from outside, without stopping anybody.</summary>
interface IThreadDescriptors
{
    /// <summary>
    /// Where a trampoline finds the thread's id behind its thread pointer; null while nothing proves that it has one: a thread that is being
    /// made, that is about to end, or that libc did not make.
    /// </summary>
    /// <param name="tid">The thread.</param>
    /// <param name="known">What was found of others: it must be the same.</param>
    ThreadDescriptorLayout? LayoutOf(Tid tid, ThreadDescriptorLayout? known);
}
