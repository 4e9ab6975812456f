using System.Collections.Concurrent;

namespace Calltap.Trace;

/// <summary>What the threads of a trace that are read at the same time share in turn: sums, and room for calls that are not added up yet. Any thread.</summary>
sealed class ReportPool
{
    readonly ConcurrentBag<FunctionSums> _sums = [];
    readonly ConcurrentBag<EndedCalls> _calls = [];

    /// <summary>Sums for one thread of this process.</summary>
    public FunctionSums TakeSums() => _sums.TryTake(out FunctionSums? free) ? free : new FunctionSums();

    /// <summary>Gives them back, with what was added.</summary>
    public void Give(FunctionSums sums) => _sums.Add(sums);

    /// <summary>All sums in one, when nobody has any; they are not to be used any more.</summary>
    public FunctionSums Total()
    {
        var total = new FunctionSums();
        foreach (FunctionSums part in _sums)
            total.Add(part);
        return total;
    }

    /// <summary>Room for calls.</summary>
    public EndedCalls TakeCalls() => _calls.TryTake(out EndedCalls? free) ? free : new EndedCalls();

    /// <summary>Adds them up, and takes the room back.</summary>
    public void AddUp(EndedCalls ended)
    {
        FunctionSums sums = TakeSums();
        ended.AddTo(sums);
        Give(sums);
        _calls.Add(ended);
    }
}
