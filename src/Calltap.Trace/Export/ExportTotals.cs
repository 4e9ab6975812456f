namespace Calltap.Trace;

/// <summary>What an export holds, and what it could not.</summary>
public sealed record ExportTotals
{
    /// <summary>Number of tracks.</summary>
    public int Tracks { get; init; }

    /// <summary>Number of calls.</summary>
    public long Calls { get; init; }

    /// <summary>Those of them whose end is not known.</summary>
    public long UnknownEnds { get; init; }

    /// <summary>Exits of calls that began before the part, or whose entry was lost: they are no calls of the export.</summary>
    public long OrphanExits { get; init; }

    /// <summary>Calls that were not recorded: lost entries, and holes, which may have been entries.</summary>
    public long Lost { get; init; }

    /// <summary>Calls that the format has no room for.</summary>
    public long LeftOut { get; init; }

    /// <summary>Those of both.</summary>
    public static ExportTotals operator +(ExportTotals left, ExportTotals right) => Add(left, right);

    /// <summary>Those of both.</summary>
    public static ExportTotals Add(ExportTotals left, ExportTotals right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new ExportTotals
        {
            Tracks = left.Tracks + right.Tracks,
            Calls = left.Calls + right.Calls,
            UnknownEnds = left.UnknownEnds + right.UnknownEnds,
            OrphanExits = left.OrphanExits + right.OrphanExits,
            Lost = left.Lost + right.Lost,
            LeftOut = left.LeftOut + right.LeftOut,
        };
    }
}
