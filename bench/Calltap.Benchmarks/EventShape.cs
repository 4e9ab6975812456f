using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>A made-up stream of events: function n has entry site 2n+1 and exit site 2n+2.</summary>
sealed class EventShape(string name, int functions, Action<EventShape> fill)
{
    readonly List<TraceEvent> _events = [];
    readonly Random _random = new(1);
    int _wanted;
    ulong _time = 1;

    /// <summary>All shapes measured.</summary>
    public static EventShape[] All =>
    [
        new("leaf", 1, shape => shape.Call(0, 0x1000)),
        new("fib", 1, shape => shape.Fib(25, 0x7000_0000)),
        new("program, 2,000", 2_000, Program(2_000)),
        new("program, 40,000", 40_000, Program(40_000)),
        new("round robin", 50_000, shape => shape.RoundRobin()),
        new("random", 50_000, shape => shape.Call(shape._random.Next(50_000), 0x1000)),
    ];

    /// <summary>What to print.</summary>
    public string Name => name;

    /// <summary>Number of functions.</summary>
    public int Functions => functions;

    /// <summary>About <paramref name="count"/> events.</summary>
    public TraceEvent[] Generate(int count)
    {
        _wanted = count;
        while (_events.Count < count)
            fill(this);
        return [.. _events];
    }

    void Call(int function, uint stack)
    {
        Add((2 * function) + 1, stack);
        Add((2 * function) + 2, stack);
    }

    void Fib(int n, uint stack)
    {
        if (_events.Count >= _wanted)
            return;
        Add(1, stack);
        if (n > 1)
        {
            Fib(n - 1, stack - 48);
            Fib(n - 2, stack - 48);
        }

        Add(2, stack);
    }

    void RoundRobin()
    {
        for (int function = 0; function < Functions; function++)
            Call(function, 0x1000);
    }

    // Each function calls up to five others, one half of them from a small set that all share; how often varies from call to call.
    static Action<EventShape> Program(int functions)
    {
        var random = new Random(5);
        int Callee(int caller) => random.Next(2) == 0
            ? functions - 1 - (int)(Math.Pow(random.NextDouble(), 3) * functions * 0.3)
            : Math.Min(functions - 1, caller + 1 + (int)(Math.Pow(random.NextDouble(), 2) * (functions - caller)));
        int[][] callees = [.. Enumerable.Range(0, functions).Select(f => Enumerable.Range(0, random.Next(6)).Select(_ => Callee(f)).ToArray())];
        return shape =>
        {
            int budget = 20_000;
            shape.Run(callees, shape._random.Next(functions / 2), 0x7000_0000, ref budget);
        };
    }

    void Run(int[][] callees, int function, uint stack, ref int budget)
    {
        if (_events.Count >= _wanted || budget-- < 0)
            return;
        Add((2 * function) + 1, stack);
        foreach (int callee in stack > 0x7000_0000 - 2500 ? callees[function] : [])
            for (int times = _random.Next(100) switch { < 50 => 1, < 80 => 0, < 95 => 2, _ => _random.Next(6) }; times > 0; times--)
                Run(callees, callee, stack - (uint)(32 + (function % 12 * 16)), ref budget);
        Add((2 * function) + 2, stack);
    }

    // Steps as traced code has them: mostly 45 to 200 ticks, some stalls, seldom an interrupt.
    void Add(int site, uint stack)
    {
        double step = 45 - (Math.Log(1 - _random.NextDouble()) * 40);
        int luck = _random.Next(1000);
        step += luck < 30 ? _random.Next(2_000) : luck == 999 ? _random.Next(100_000) : 0;
        _time += (ulong)step;
        _events.Add(new TraceEvent(new TscTime(_time), new SiteId((uint)site), stack));
    }
}
