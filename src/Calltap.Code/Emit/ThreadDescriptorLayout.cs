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
public readonly record struct ThreadDescriptorLayout(int Tid, int? SecondSelf);
