namespace Calltap.Trace;

/// <summary>A piece of time of a row: one call, or several short ones that lie close together.</summary>
public record struct CallSpan
{
    /// <summary>Time of the first entry.</summary>
    public ulong Start { get; set; }

    /// <summary>Time of the last end.</summary>
    public ulong End { get; set; }

    /// <summary>Ticks of all of them.</summary>
    public ulong Busy { get; set; }

    /// <summary>Ticks of the longest one.</summary>
    public ulong LongestTicks { get; set; }

    /// <summary>Number in its thread of the longest one.</summary>
    public int Longest { get; set; }

    /// <summary>How many calls.</summary>
    public int Calls { get; set; }

    /// <summary>How many of them have no known end.</summary>
    public int Unknown { get; set; }

    /// <summary>The row.</summary>
    public int Row { get; set; }

    /// <summary>Ticks from start to end.</summary>
    public readonly ulong Width => CallTime.Between(Start, End);

    /// <summary>Takes in a span that follows.</summary>
    internal void Add(in CallSpan next)
    {
        if (next.LongestTicks > LongestTicks)
            (LongestTicks, Longest) = (next.LongestTicks, next.Longest);
        End = Math.Max(End, next.End);
        Busy += next.Busy;
        Calls += next.Calls;
        Unknown += next.Unknown;
    }
}
