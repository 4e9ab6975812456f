namespace Calltap.LiveTests.Engine.Storms;

/// <summary>
/// Tracers that get ready while an earlier one is at work, each for the target of its turn: a new target after every so many. One
/// target in eight has functions of all shapes.
/// </summary>
/// <param name="tracers">How many at most.</param>
/// <param name="perTarget">How many for each target.</param>
/// <param name="answering">Who answers in their windows.</param>
sealed class TracerPool(int tracers, int perTarget, Answering answering) : IDisposable
{
    const int Ahead = 3;
    const int Functions = 400;
    const int Threads = 4;

    readonly Queue<(StormTarget Target, PreparedTracer Tracer)> _ready = [];
    readonly List<StormTarget> _targets = [];
    int _made;
    int _taken;

    /// <summary>The next tracer and the target it is for. Targets whose turn is over have ended in good order.</summary>
    public (StormTarget Target, PreparedTracer Tracer) Next()
    {
        while (_made < tracers && _ready.Count <= Ahead) Make();
        if (_taken > 0 && _taken % perTarget == 0) End(_targets[_taken / perTarget - 1]);
        _taken++;
        return _ready.Dequeue();
    }

    /// <summary>Ends the target at work; how many there were.</summary>
    public int End()
    {
        int last = (_taken - 1) / perTarget;
        End(_targets[last]);
        return last + 1;
    }

    void Make()
    {
        int turn = _made / perTarget;
        if (turn == _targets.Count) _targets.Add(turn % 8 == 1 ? StormTarget.StartShapes(Threads) : StormTarget.StartDemo(Functions, Threads));
        _ready.Enqueue((_targets[turn], new PreparedTracer(_targets[turn].Pid, _made, answering)));
        _made++;
    }

    static void End(StormTarget target)
    {
        target.AssertRight();
        target.Dispose();
    }

    public void Dispose()
    {
        foreach ((_, PreparedTracer tracer) in _ready) tracer.Dispose();
        foreach (StormTarget target in _targets) target.Dispose();
    }
}
