using Calltap.Trace;

namespace Calltap.Tests.Trace;

/// <summary>Calls functions at random, recursion and tail jumps included, and notes what a correct call tree is.</summary>
sealed class RandomProgram(int seed)
{
    readonly Random _random = new(seed);
    ulong _time = 1000;

    public List<TraceEvent> Events { get; } = [];

    /// <summary>Function, depth, start and end in the order of the ends.</summary>
    public List<(int Function, int Depth, ulong Start, ulong End)> Calls { get; } = [];

    public void Run(int events)
    {
        while (Events.Count < events)
            Invoke(0, 0x7fff_f000);
    }

    void Invoke(int depth, uint stack)
    {
        int function = _random.Next(TraceSample.Functions.Length);
        string name = TraceSample.Functions[function].DisplayName;
        ulong start = _time += (ulong)_random.Next(1, 100_000);
        Events.Add(TraceSample.Entry(start, name, stack));
        for (int calls = _random.Next(3); calls > 0 && depth < 12; calls--)
            Invoke(depth + 1, stack - (uint)(16 * _random.Next(1, 8)));
        bool jumps = _random.Next(5) == 0 && depth < 12;
        ulong end = _time += (ulong)_random.Next(1, 1000);
        Events.Add(jumps ? TraceSample.Tail(end, name, stack) : TraceSample.Exit(end, name, stack));
        Calls.Add((function, depth, start, end));
        if (jumps)
            Invoke(depth, stack);
    }
}
