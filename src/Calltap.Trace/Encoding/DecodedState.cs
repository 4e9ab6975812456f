namespace Calltap.Trace;

/// <summary>What the next event depends on.</summary>
/// <param name="time">Time of the first event.</param>
struct DecodedState(ulong time)
{
    /// <summary>Undoes <see cref="EventPredictor.LastFactor"/>: the two multiply to 1.</summary>
    const uint SiteFactor = 0x0E8B2F51;

    /// <summary>Time of the last event.</summary>
    public ulong Time = time;

    /// <summary>Stack of the last event.</summary>
    public uint Stack;

    /// <summary>What the last site counts in the context.</summary>
    public uint Last;

    /// <summary>What the site before it counts.</summary>
    public uint Before;

    /// <summary>Bytes used of what did not fit the columns.</summary>
    public int Used;

    /// <summary>Whether the time went back.</summary>
    public bool IsBackward;

    /// <summary>What a site counts as the last one.</summary>
    public static uint AsLast(uint site) => unchecked(site * EventPredictor.LastFactor);

    /// <summary>The site that counts so as the last one.</summary>
    public static uint SiteOf(uint last) => unchecked(last * SiteFactor);

    /// <summary>What it counts when it is the one before.</summary>
    public static uint AsBefore(uint last) => unchecked(last * (SiteFactor * EventPredictor.BeforeFactor));

    /// <summary>Moves on to the next event.</summary>
    /// <param name="elapsed">Its time step.</param>
    /// <param name="key">Its candidate, with what the site counts in place of the site.</param>
    public TraceEvent Take(ulong elapsed, ulong key)
    {
        ulong before = Time;
        Time = unchecked(Time + elapsed);
        IsBackward |= Time < before;
        Stack = unchecked(Stack + (uint)key);
        (Before, Last) = (AsBefore(Last), (uint)(key >> 32));
        return new TraceEvent(new TscTime(Time), new SiteId(SiteOf(Last)), Stack);
    }
}
