namespace Calltap.Trace;

/// <summary>Calls that ended and are not added up yet.</summary>
sealed class EndedCalls
{
    EndedCall[] _calls = [];

    /// <summary>How many there are; those from here on are free places.</summary>
    public int Count { get; set; }

    /// <summary>The calls, and so many free places at least.</summary>
    public EndedCall[] WithRoomFor(int more)
    {
        if (_calls.Length - Count < more)
            Array.Resize(ref _calls, Count + more);
        return _calls;
    }

    /// <summary>Adds them to the sums of their groups, and forgets them.</summary>
    public void AddTo(FunctionSums sums)
    {
        foreach (ref readonly EndedCall call in _calls.AsSpan(0, Count))
        {
            ref FunctionTimes times = ref sums.Of(call.Group);
            if (call.HasUnknownChild)
                times.AddWithoutSelf(call.Ticks, call.IsOutermost);
            else
                times.Add(call.Ticks, CallTime.Between(call.ChildTicks, call.Ticks), call.IsOutermost);
        }

        Count = 0;
    }
}
