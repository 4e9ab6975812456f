namespace Calltap.Code.Emit;

/// <summary>
/// What a trampoline reads beside the thread pointer: libc keeps its descriptor of the thread behind it, and fs:0 holds the descriptor's own address (System V psABI, TLS); Go's runtime
/// has it point into its m of the thread.
/// </summary>
/// <param name="Tid">Offset of the thread's id, 4 bytes.</param>
/// <param name="SecondSelf">
/// Offset of a second word that holds the descriptor's address, as glibc's has one; null where none is kept. Who has only one of them
/// was not made by libc.
/// </param>
public readonly record struct ThreadDescriptorLayout(int Tid, int? SecondSelf);
