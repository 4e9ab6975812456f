namespace Calltap.Trace;

/// <summary>One function: who calls it, what it calls, its longest calls, and how long they take.</summary>
public sealed record FunctionDetails
{
    const int Longest = 10;

    /// <summary>The function.</summary>
    public required FunctionId Function { get; init; }

    /// <summary>Its calls by the function that made them, the most time first.</summary>
    public required IReadOnlyList<CallLink> Callers { get; init; }

    /// <summary>The calls that it made, by function, the most time first.</summary>
    public required IReadOnlyList<CallLink> Callees { get; init; }

    /// <summary>Its longest calls of a known end, the longest first.</summary>
    public required IReadOnlyList<CallPlace> LongestCalls { get; init; }

    internal static FunctionDetails Of(IReadOnlyList<ThreadLane> lanes, FunctionId function)
    {
        Dictionary<int, CallLink> callers = [], callees = [];
        var longest = new PriorityQueue<CallPlace, ulong>();
        foreach (ThreadLane lane in lanes)
        {
            for (int i = 0; i < lane.Calls; i++)
            {
                ref readonly StoredCall call = ref lane[i];
                int caller = call.Parent < 0 ? -1 : lane[call.Parent].Function;
                if (caller == function.Value)
                    Count(callees, call.Function, call);
                if (call.Function != function.Value)
                    continue;
                Count(callers, caller, call);
                if (!call.IsKnown || (longest.Count == Longest && longest.TryPeek(out _, out ulong least) && call.Ticks <= least))
                    continue;
                longest.Enqueue(CallPlace.Of(lane, i), call.Ticks);
                if (longest.Count > Longest)
                    longest.Dequeue();
            }
        }

        return new FunctionDetails
        {
            Function = function, Callers = Sorted(callers), Callees = Sorted(callees),
            LongestCalls = [.. longest.UnorderedItems.Select(item => item.Element).OrderByDescending(place => place.Ticks).ThenBy(place => place.Start)],
        };
    }

    static void Count(Dictionary<int, CallLink> links, int function, in StoredCall call)
    {
        FunctionId? id = function < 0 ? null : new FunctionId(function);
        links[function] = links.GetValueOrDefault(function, new CallLink(id, 0, 0, 0)).And(call);
    }

    static List<CallLink> Sorted(Dictionary<int, CallLink> links) =>
        [.. links.Values.OrderByDescending(link => link.Ticks).ThenByDescending(link => link.Calls).ThenBy(link => link.Function?.Value ?? -1)];
}
