namespace Calltap.Trace;

/// <summary>
/// Guesses the next site and stack step from the two sites before: two candidates per context, most recent first. Encoder and
/// decoder run it in step, so a right guess costs no byte. docs/trace-format.md specifies it bit by bit; changing it changes the format.
/// </summary>
sealed class EventPredictor
{
    /// <summary>What the last site counts in a context.</summary>
    public const uint LastFactor = 0x9E3779B1;

    /// <summary>What the site before it counts.</summary>
    public const uint BeforeFactor = 0x85EBCA6B;

    /// <summary>The bits of a context from here on choose the pair.</summary>
    public const int PairShift = 32 - Bits;

    const int Bits = 13;

    readonly ulong[] _candidates = new ulong[2 << Bits];

    /// <summary>The candidate pairs: [2n] is the newer one, [2n+1] the older one.</summary>
    public Span<ulong> Candidates => _candidates;

    /// <summary>Forgets everything, at the start of each chunk.</summary>
    public void Reset() => Array.Clear(_candidates);

    /// <summary>Index of the newer candidate after <paramref name="last"/>, itself after <paramref name="beforeLast"/>.</summary>
    public static int PairOf(uint last, uint beforeLast) => PairOf(unchecked((last * LastFactor) + (beforeLast * BeforeFactor)));

    /// <summary>Index of the newer candidate in a context.</summary>
    public static int PairOf(uint context) => (int)(context >> PairShift) << 1;

    /// <summary>A candidate: the site, and the step from the previous event's stack to this one's.</summary>
    public static ulong Key(uint site, uint stackStep) => ((ulong)site << 32) | stackStep;
}
