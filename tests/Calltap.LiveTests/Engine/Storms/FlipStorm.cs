using System.Globalization;
using Calltap.Cli.Demo;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>
/// Rounds of arming, modifying and disarming random sets of sites under threads that call all the time. In each epoch one op wants every
/// function, while others come and go beside it: it may not miss a call.
/// </summary>
/// <param name="storm">The program; its threads rest between two epochs.</param>
/// <param name="int3">What a thread at a breakpoint does.</param>
/// <param name="answering">Who answers the breakpoints.</param>
/// <param name="functions">How many functions the program has: one non-zero digit and zeros.</param>
/// <param name="seed">Makes the sets and their order.</param>
sealed class FlipStorm(StormTarget storm, Int3Policy int3, Answering answering, int functions, int seed)
{
    const int NameDigits = 5; // of the functions' names, behind the f
    const ulong RecordedPace = 3000, CountedPace = 0; // untraced work between two calls (ns)
    const int MostPresent = 5;

    readonly Random _random = new(seed);
    readonly FunctionCatalog _catalog = Load(storm.Pid);
    readonly List<Op> _present = [];
    Op[] _counts = [];

    /// <summary>Windows so far.</summary>
    public int Rounds { get; private set; }

    /// <summary>Sites that got other bytes, over all rounds.</summary>
    public long Sites { get; private set; }

    /// <summary>The fewest and the most sites of a round.</summary>
    public (int Fewest, int Most) Extremes { get; private set; } = (int.MaxValue, 0);

    /// <summary>Sites that a round left for the next, because a saved context pointed into them.</summary>
    public long Deferred { get; private set; }

    /// <summary>Windows that were given up before their first breakpoint, since a thread could not be looked at in time.</summary>
    public int GivenUp { get; private set; }

    /// <summary>Calls made in epochs, and those of them that found a full ring.</summary>
    public (long Called, long Lost) Calls { get; private set; }

    /// <summary>The traps of all windows.</summary>
    public TrapCounts Traps { get; private set; }

    /// <summary>An epoch in which a count op counts every call.</summary>
    public void Count(int rounds)
    {
        using TraceSession session = Attach();
        Op all = Of(OpKind.Count, DemoProgram.FunctionGlob);
        _counts = [.. Enumerable.Range(0, 4).Select(_ => Of(OpKind.Count, RandomGlob()))];
        Insist(() => session.Add(all));
        long before = Called();
        storm.Control.Work = CountedPace;
        Flip(rounds, op => session.Add(op), session.Remove);
        storm.Rest();
        long called = Called() - before;
        End(session);
        Assert.Equal((ulong)called, session.Counts(all).Values.Aggregate(0ul, (sum, n) => sum + n));
        Assert.Equal(0ul, session.Unattributed);
        Calls = (Calls.Called + called, Calls.Lost);
    }

    /// <summary>An epoch in which a graph op records every call.</summary>
    public void Record(int rounds)
    {
        using TraceSession session = Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        _counts = [.. Enumerable.Range(0, 4).Select(_ => Of(OpKind.Count, RandomGlob()))];
        Op all = Of(OpKind.Graph, DemoProgram.FunctionGlob);
        Insist(() => recorder.Add([all]));
        ControlThread[] before = [.. storm.Control.Threads];
        storm.Control.Work = RecordedPace;
        Flip(rounds, op => recorder.Add([op]), recorder.Remove);
        storm.Rest();
        ControlThread[] after = [.. storm.Control.Threads];
        End(session);
        recorder.Stop();
        Assert.Null(recorder.Failure);
        Assert.Equal(0ul, session.Unattributed);
        RecordedCalls calls = RecordedCalls.Read(file);
        for (int i = 0; i < after.Length; i++)
        {
            long called = after[i].Calls - before[i].Calls, recorded = calls.EntriesOf(after[i].Tid), lost = calls.LostOf(after[i].Tid);
            Assert.True(called == recorded + lost, $"thread {after[i].Tid}: called {called}, recorded {recorded}, lost {lost}");
            Calls = (Calls.Called + called, Calls.Lost + lost);
        }
    }

    TraceSession Attach()
    {
        storm.Rest();
        TraceSession session = TraceSession.Attach(TargetProcess.Open(storm.Pid), _catalog, null, int3);
        session.AnswerBy(answering);
        _present.Clear();
        return session;
    }

    /// <summary>One window a round: an op more, or one less.</summary>
    void Flip(int rounds, Func<Op, ArmReport> add, Func<Op, ArmReport> remove)
    {
        for (int i = 0; i < rounds; i++)
        {
            Rounds++;
            if (TryChange(add, remove) is not { } report) continue;
            Sites += report.Batch.Poked;
            Deferred += report.Batch.Refused.Count;
            Extremes = (Math.Min(Extremes.Fewest, report.Batch.Poked), Math.Max(Extremes.Most, report.Batch.Poked));
            storm.AssertAlive($"after round {Rounds}");
            Assert.True(storm.Control.WrongResults == 0, $"after round {Rounds} {storm.Control.WrongResults} results were wrong");
        }
    }

    ArmReport? TryChange(Func<Op, ArmReport> add, Func<Op, ArmReport> remove)
    {
        bool appears = _present.Count == 0 || (_present.Count < MostPresent && _random.Next(2) == 0);
        Op op = appears ? Appear() : Disappear();
        try
        {
            return appears ? add(op) : remove(op);
        }
        catch (TimeoutException) // on a machine with much else to do: before the first breakpoint
        {
            GivenUp++;
            _present.Remove(op);
            return null;
        }
    }

    /// <summary>A graph op of its own, or one of the epoch's few count ops: a session has room for eight in its life.</summary>
    Op Appear()
    {
        Op[] free = [.. _counts.Except(_present)];
        Op op = free.Length > 0 && _random.Next(2) == 0 ? free[_random.Next(free.Length)] : Of(OpKind.Graph, RandomGlob());
        _present.Add(op);
        return op;
    }

    Op Disappear()
    {
        Op op = _present[_random.Next(_present.Count)];
        _present.Remove(op);
        return op;
    }

    /// <summary>Repeats what a window is needed for, when it was given up before its first breakpoint: on a machine with much else to do.</summary>
    void Insist(Action change)
    {
        Deadline patience = Deadline.In(EngineTests.Patience);
        while (true)
        {
            try
            {
                change();
                return;
            }
            catch (TimeoutException) when (!patience.IsPast)
            {
                GivenUp++;
            }
        }
    }

    void End(TraceSession session)
    {
        Insist(() => session.Detach());
        TextImage.AssertRestored(session.Target, _catalog);
        TrapCounts total = Traps;
        total.Add(session.Traps);
        Traps = total;
        Assert.Equal(0, session.Traps.Misdirected);
        Assert.Equal(session.Traps.Hits, session.Traps.Emulated + session.Traps.Parked);
    }

    /// <summary>Names whose digits are in random sets: one function to all of them, each order of magnitude about as often.</summary>
    string RandomGlob()
    {
        double share = _random.NextDouble();
        int digits = (functions - 1).ToString(CultureInfo.InvariantCulture).Length, first = functions / (int)Math.Pow(10, digits - 1);
        string glob = "f" + new string('0', NameDigits - digits);
        for (int i = 0; i < digits; i++)
        {
            int size = Math.Clamp((int)Math.Round(Math.Pow(10, share + (_random.NextDouble() - 0.5) / 2)), 1, 10);
            glob += $"[{string.Concat(Enumerable.Range(0, i == 0 ? first : 10).OrderBy(_ => _random.Next()).Take(size).Select(d => d.ToString(CultureInfo.InvariantCulture)))}]";
        }
        return glob;
    }

    long Called() => storm.Control.Threads.Sum(thread => thread.Calls);

    static Op Of(OpKind kind, string glob) => new(kind, FunctionFilter.Parse([glob], []), glob);

    static FunctionCatalog Load(Pid pid)
    {
        using TargetProcess target = TargetProcess.Open(pid);
        return FunctionCatalog.Load(target, FunctionScope.Executable, []);
    }
}
