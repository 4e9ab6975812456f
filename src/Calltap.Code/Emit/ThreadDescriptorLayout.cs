namespace Calltap.Code.Emit;

/// <summary>
/// What a trampoline reads behind the thread pointer, where libc keeps its descriptor of the thread. fs:0 holds the descriptor's own
/// address (System V psABI, TLS).
/// </summary>
/// <param name="Tid">Offset of the thread's id, 4 bytes.</param>
/// <param name="SecondSelf">
/// Offset of a second word that holds the descriptor's address, as glibc's has one; null where libc keeps none. Who has only one of them
/// was not made by libc.
/// </param>
public readonly record struct ThreadDescriptorLayout(int Tid, int? SecondSelf)
{
    /// <summary>
    /// No library keeps descriptors: a thread is known by its thread pointer alone, which rdfsbase reads (SDM volume 2; where the kernel has set
    /// CR4.FSGSBASE). In a program of Go it points into the runtime's m of the thread, which no other has (runtime.settls).
    /// </summary>
    public static ThreadDescriptorLayout None { get; } = new(-1, null);

    /// <summary>Whether a library keeps the tid.</summary>
    public bool HasTid => Tid >= 0;

    /// <summary>
    /// Low bits of a thread pointer that its key leaves out: 32 of those above are the key. An m of Go has more than 512 bytes, and a heap does not
    /// span 2 TiB.
    /// </summary>
    public const int PointerShift = 9;
}
