using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.Litmus;

/// <summary>Arms and disarms functions that are being called, with rules of the protocol left out, until something goes wrong.</summary>
sealed class LitmusRun : IDisposable
{
    static readonly TimeSpan s_dying = TimeSpan.FromSeconds(2);
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    readonly LitmusCase _case;
    readonly HammerProgram _program;
    readonly TraceSession _session;
    readonly KeptThread _kept;
    readonly IReadOnlyList<Op> _ops;
    readonly HashSet<Op> _armed = [];
    long _start;
    int _windows, _keptIn;

    LitmusRun(LitmusCase litmus, BrokenRules broken)
    {
        _case = litmus;
        _ops = litmus.Ops();
        _program = new HammerProgram(litmus);
        try
        {
            _session = TraceSession.Attach(_program.Pid, new SessionOptions());
        }
        catch
        {
            _program.Dispose();
            throw;
        }
        _kept = new KeptThread(_program, litmus.Keeps);
        _session.Broken = broken;
        _session.StepDone = Widen;
    }

    /// <summary>How long a run may take.</summary>
    public static TimeSpan TimeLimit { get; } = TimeSpan.FromSeconds(LiveTest.Repeat(60, 600));

    /// <summary>Runs a target under a session until <paramref name="windows"/> windows are through, or a fault is seen.</summary>
    public static LitmusResult Run(LitmusCase litmus, BrokenRules broken, int windows)
    {
        using var run = new LitmusRun(litmus, broken);
        LitmusResult result = run.Flip(windows);
        return result.Outcome == LitmusOutcome.Held ? run.End(result) : result;
    }

    LitmusResult Flip(int windows)
    {
        _start = Stopwatch.GetTimestamp();
        for (int turn = 0; _windows < windows; turn++)
        {
            if (Stopwatch.GetElapsedTime(_start) > TimeLimit) return Result(LitmusOutcome.Inconclusive, "too few windows in the time");
            try
            {
                Change(_ops[turn % _ops.Count]);
            }
            catch (TimeoutException) when (_program.Fault() is null)
            {
                _armed.Remove(_ops[turn % _ops.Count]); // on a busy machine: nothing was changed, and the window does not count
            }
            catch (Exception e)
            {
                _windows++;
                _kept.Release();
                return _program.Fault(s_dying) is { } death
                    ? Result(LitmusOutcome.Caught, death)
                    : Result(LitmusOutcome.Inconclusive, $"{e.GetType().Name}: {e.Message}");
            }
            if ((_program.Fault() ?? Misgiven()) is { } fault) return Result(LitmusOutcome.Caught, fault);
        }
        if (_session.Traps.Hits + _session.Traps.Late == 0) return Result(LitmusOutcome.Inconclusive, "no thread met a breakpoint");
        if (_case.Keeps > TimeSpan.Zero && _keptIn < windows / 4) return Result(LitmusOutcome.Inconclusive, "too few threads were kept");
        return Result(LitmusOutcome.Held, "nothing went wrong");
    }

    /// <summary>The program has no breakpoints of its own.</summary>
    string? Misgiven() => _session.Traps.Foreign is > 0 and long foreign ? $"{foreign} breakpoints of ours given to the program for its own" : null;

    /// <summary>One window.</summary>
    void Change(Op op)
    {
        ArmReport report = _armed.Remove(op) ? _session.Remove(op) : _armed.Add(op) ? _session.Add(op) : throw new UnreachableException();
        if (report.Batch.Poked > 0) _windows++;
        if (_case.Keeps == TimeSpan.Zero || _case.KeepsOn) return;
        _kept.ReleaseAndAwait(); // the window is closed: whoever was kept goes on
    }

    /// <summary>Told in the window of what is done. What it does it does for every run of the case, whatever rules are left out.</summary>
    void Widen(string step)
    {
        if (_case.Pauses && step is ("pass 1" or "out of order" or "pass 2")) CallsGoOn();
        if (_case.Keeps > TimeSpan.Zero && step == "pass 2" && _kept.TryKeep()) _keptIn++;
        if (_case.KeepsOn && step == "open") _kept.Release(); // seized: it will be seen before the window goes on
    }

    /// <summary>Waits until threads have called some more; each of their calls may be a trap.</summary>
    void CallsGoOn()
    {
        long before = _program.Control.Threads.Sum(thread => thread.Calls);
        Deadline.In(s_pause).Poll(() => _program.Control.Threads.Sum(thread => thread.Calls) > before);
    }

    LitmusResult Result(LitmusOutcome outcome, string what) =>
        new(outcome, what, _windows, _keptIn, Stopwatch.GetElapsedTime(_start), _session.Traps);

    /// <summary>A target that held ends by itself, and its results are right to the end.</summary>
    LitmusResult End(LitmusResult result)
    {
        (_session.Broken, _session.StepDone) = (BrokenRules.None, null);
        _kept.Release();
        _session.Detach();
        return (_program.End() ?? Misgiven()) is { } fault ? result with { Outcome = LitmusOutcome.Caught, What = $"after the last window: {fault}" } : result;
    }

    /// <summary>Ends the target first: one that was broken is not fit to be restored.</summary>
    public void Dispose()
    {
        _program.Dispose();
        _session.Dispose();
    }
}
