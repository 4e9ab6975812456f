namespace Calltap.Trace;

/// <summary>One call, with its callers and what it called.</summary>
public sealed record CallDetails
{
    const int MostCallers = 200;
    const int MostCallees = 100;

    /// <summary>The call.</summary>
    public required CallPlace Call { get; init; }

    /// <summary>Ticks that it spent in no traced call; null when not known.</summary>
    public required ulong? SelfTicks { get; init; }

    /// <summary>Who called it, the nearest first; so many at most.</summary>
    public required IReadOnlyList<CallPlace> Callers { get; init; }

    /// <summary>What it called itself, by function, the most time first; so many at most.</summary>
    public required IReadOnlyList<CallLink> Callees { get; init; }

    internal static CallDetails Of(ThreadLane lane, int call)
    {
        List<CallPlace> callers = [];
        for (int caller = lane[call].Parent; caller >= 0 && callers.Count < MostCallers; caller = lane[caller].Parent)
            callers.Add(CallPlace.Of(lane, caller));
        Dictionary<int, CallLink> callees = [];
        ulong end = lane[call].End;
        for (int next = call + 1; next < lane.Calls && lane[next].Start <= end; next++)
            if (lane[next].Parent == call)
                callees[lane[next].Function] = callees.GetValueOrDefault(lane[next].Function, new CallLink(new FunctionId(lane[next].Function), 0, 0, 0)).And(lane[next]);
        ulong inside = callees.Values.Aggregate(0ul, (sum, link) => sum + link.Ticks);
        bool isKnown = lane[call].IsKnown && callees.Values.All(link => link.Unknown == 0);
        return new CallDetails
        {
            Call = CallPlace.Of(lane, call),
            SelfTicks = isKnown ? CallTime.Between(inside, lane[call].Ticks) : null,
            Callers = callers,
            Callees = [.. callees.Values.OrderByDescending(link => link.Ticks).ThenByDescending(link => link.Calls).Take(MostCallees)],
        };
    }
}
