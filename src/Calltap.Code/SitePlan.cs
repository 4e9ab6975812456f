namespace Calltap.Code;

/// <summary>One place that can be patched, and what a trampoline for it has to know.</summary>
/// <param name="Address">The first byte of the region.</param>
/// <param name="Length">How many bytes the region has: 5 to 19, and from 1 on where a breakpoint stands for it.</param>
/// <param name="Kind">What passes the site.</param>
/// <param name="Class">How the region may be replaced.</param>
/// <param name="InteriorStarts">Offsets, other than 0, at which an instruction of the region starts and a thread may therefore stand.</param>
/// <param name="TransferOffset">
/// For exits and combined sites the offset of the final <c>ret</c> or jump: the instructions before it are displaced, what is behind it
/// is padding. For plain entries equal to <paramref name="CodeLength"/>.
/// </param>
/// <param name="CodeLength">How many bytes of the region are whole instructions to displace, the transfer included; the rest is padding.</param>
/// <param name="TailTarget">For tail jumps where the jump leads; null for a return or an indirect jump.</param>
/// <param name="FlagsDeadAtEntry">
/// Straight-line code from the entry on overwrites CF, PF, AF, ZF, SF and OF before it reads one of them: a trampoline may destroy them.
/// </param>
/// <param name="CombinedExit">
/// The entry's region holds an exit as its last instruction (at <paramref name="TransferOffset"/>): the trampoline records the entry,
/// runs the instructions before it, records the exit and performs the transfer.
/// </param>
public sealed record SitePlan(
    ImageAddress Address,
    int Length,
    SiteKind Kind,
    SiteClass Class,
    OffsetSet InteriorStarts,
    int TransferOffset,
    int CodeLength,
    ImageAddress? TailTarget,
    bool FlagsDeadAtEntry,
    bool CombinedExit)
{
    /// <summary>Bytes of a near jump.</summary>
    public const int JumpLength = 5;

    /// <summary>Bytes of a near jump with a prefix.</summary>
    public const int PrefixedJumpLength = 6;

    /// <summary>Bytes of a breakpoint.</summary>
    public const int BreakpointLength = 1;

    /// <summary>How many bytes are replaced.</summary>
    public int PatchLength => PatchLengthOf(Class);

    /// <summary>How many bytes are replaced at a site of a class.</summary>
    public static int PatchLengthOf(SiteClass siteClass) => siteClass switch
    {
        SiteClass.Epilogue => PrefixedJumpLength,
        SiteClass.Breakpoint => BreakpointLength,
        _ => JumpLength,
    };

    /// <summary>An instruction of the region may fault, and the program handles it: where it has been displaced to is told to whoever handles faults.</summary>
    public bool MayFault { get; init; }

    /// <summary>Behind the region of a plain entry stands a bare <c>ret</c>, which a stub may run itself as long as that exit is not armed.</summary>
    public bool ReturnFollows { get; init; }

    /// <summary>
    /// The region is a conditional jump that a call takes before it has begun, and then it comes here again: only who does not take it makes an event.
    /// </summary>
    public bool CountsNotTaken { get; init; }

    /// <summary>The region's bytes as the module's file has them; what is behind <see cref="Length"/> is zero.</summary>
    public RegionBytes Original { get; init; }

    /// <summary>Where the code after the region goes on.</summary>
    public ImageAddress End => Address + Length;
}
