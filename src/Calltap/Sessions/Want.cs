namespace Calltap.Sessions;

/// <summary>Which ops want a function: a bit each, by their index in the session.</summary>
/// <param name="Graph">Ops that record entries and exits.</param>
/// <param name="Count">Ops that count.</param>
readonly record struct Want(ulong Graph, ulong Count)
{
    /// <summary>Whether any does.</summary>
    public bool Any => All != 0;

    /// <summary>All of them.</summary>
    public ulong All => Graph | Count;

    /// <summary>Whether one op alone does: then its specialised trampoline serves.</summary>
    public bool Single => System.Numerics.BitOperations.PopCount(All) == 1;
}
