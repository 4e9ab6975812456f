namespace Calltap.Fuzz;

/// <summary>Runs inputs and says which break the rules: an undocumented exception, too much time, too much memory.</summary>
static class InputCheck
{
    const int Runs = 3;

    /// <summary>Runs one input; null when all is well.</summary>
    public static Fault? Run(IFuzzTarget target, byte[] input)
    {
        Fault? fault = null;
        for (int run = 0; run < Runs; run++)
        {
            fault = RunOnce(target, input, out bool mayBeChance);
            if (fault is null || !mayBeChance) break;
        }
        return fault;
    }

    static Fault? RunOnce(IFuzzTarget target, byte[] input, out bool mayBeChance)
    {
        mayBeChance = false;
        long allocated = GC.GetTotalAllocatedBytes(precise: false);
        var work = new WorkTime();
        try
        {
            target.Execute(input);
        }
#pragma warning disable CA1031 // whatever comes is a fault
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Fault($"{e.GetType().Name} {Place(e)}", $"{e}");
        }
        TimeSpan elapsed = work.Elapsed;
        allocated = GC.GetTotalAllocatedBytes(precise: false) - allocated;
        mayBeChance = true;
        // Memory first: clearing it takes time, on a slow machine too much of it.
        if (allocated > target.Limits.Allocation) return new Fault("memory", $"{allocated:N0} bytes allocated for {input.Length} bytes");
        return elapsed > target.Limits.Time ? new Fault("time", $"{elapsed.TotalMilliseconds:0} ms for {input.Length} bytes") : null;
    }

    /// <summary>The innermost frame of the product, so that one fault is told once.</summary>
    static string Place(Exception e)
    {
        while (e is AggregateException { InnerException: { } inner }) e = inner;
        string[] frames = (e.StackTrace ?? "").Split('\n');
        string frame = frames.FirstOrDefault(f => f.Contains(" Calltap.", StringComparison.Ordinal)) ?? frames[0];
        int end = frame.IndexOf('(', StringComparison.Ordinal);
        return (end < 0 ? frame : frame[..end]).Trim();
    }
}
