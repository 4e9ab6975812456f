namespace Calltap.Symbols;

/// <summary>What a frame description entry says about its range.</summary>
/// <param name="Start">Link-time address of the first byte.</param>
/// <param name="Size">Length in bytes, more than 0.</param>
/// <param name="Lsda">Link-time address of its exception table; 0 when it has none.</param>
/// <param name="StartsLikeCall">At the first byte the CFA is rsp + 8 and no register was saved: nothing but a return address was pushed.</param>
/// <param name="IsSignalFrame">Augmentation 'S'.</param>
internal readonly record struct Fde(ulong Start, ulong Size, ulong Lsda, bool StartsLikeCall, bool IsSignalFrame)
{
    public ulong End => unchecked(Start + Size);
}
