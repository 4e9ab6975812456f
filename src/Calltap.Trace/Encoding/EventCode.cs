namespace Calltap.Trace;

/// <summary>The control byte: bits 0-1 how site and stack are given, bits 2-7 the time step from bit 8 on, or an escape.</summary>
static class EventCode
{
    /// <summary>Site and stack step are the newer candidate.</summary>
    public const int Newer = 0;

    /// <summary>Site and stack step are the older candidate.</summary>
    public const int Older = 1;

    /// <summary>Extra: zigzag varint of the site step. The stack step is 0: an exit after its entry, or two calls in a row.</summary>
    public const int SameStack = 2;

    /// <summary>Extra: zigzag varint of the site step, then the stack step (<see cref="Varint.PackStackStep"/>).</summary>
    public const int Explicit = 3;

    /// <summary>Mask of the four above.</summary>
    public const int SourceMask = 3;

    /// <summary>The bit that the two with extra bytes have.</summary>
    public const int ExplicitMask = 2;

    /// <summary>Shift of the time bits.</summary>
    public const int TimeShift = 2;

    /// <summary>Time value: the bits from 8 on are a varint at the front of the event's extra bytes.</summary>
    public const int LongTime = 62;

    /// <summary>Time value: as <see cref="LongTime"/>, and the step is negative.</summary>
    public const int BackwardTime = 63;
}
