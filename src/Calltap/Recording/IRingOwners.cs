namespace Calltap.Recording;

/// <summary>The threads that write the rings, by the ids that their libc knows.</summary>
interface IRingOwners
{
    /// <summary>The threads that a listing shows; it may leave out a living one.</summary>
    IReadOnlySet<Tid> Listed();

    /// <summary>Whether a thread that a listing does not show has ended.</summary>
    bool IsDead(Tid owner);

    /// <summary>Gives the slots of a thread that has ended free.</summary>
    /// <returns>False when they could not be: they stand.</returns>
    bool Retire(Tid owner);
}
