using System.Diagnostics;
using Calltap.Code.Emit;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>
/// Tracers killed by SIGKILL at many moments, most of them in windows: the target goes on with its checked work, another process
/// restores every byte, and the next tracer attaches.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class KillStormTests(ITestOutputHelper output)
{
    const int KillsPerTarget = 25; // what a dead tracer's arenas hold stays mapped where a thread may be in them

    readonly Dictionary<Pid, FunctionCatalog> _catalogs = [];
    readonly Random _random = new(1);
    readonly KillTally _tally = new();

    [Theory]
    [InlineData(Answering.Guard)]
    [InlineData(Answering.HandlerAlone)]
    public void Targets_outlive_tracers_killed_at_any_moment(Answering answering)
    {
        answering.SkipUnlessAllowed();
        int kills = LiveTest.Repeat(2, 1000);
        long start = Stopwatch.GetTimestamp();
        using var pool = new TracerPool(4 * kills, KillsPerTarget, answering);
        for (int i = 0; i < kills || (_tally.InWindow < kills / 2 && i < 4 * kills); i++) // some that aim at a window miss it
        {
            (StormTarget target, PreparedTracer tracer) = pool.Next();
            using (tracer) Kill(i, target, tracer);
            if ((i + 1) % 50 == 0) output.WriteLine($"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s: {_tally}; {_tally.Times}");
        }
        _tally.Targets = pool.End();
        output.WriteLine($"{_tally}, in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
        Assert.True(_tally.InWindow >= kills / 2, $"too few kills fell into a window: {_tally}");
        if (kills > 100) Assert.True(_tally.HeadsOnly > kills / 10 && _tally.Tails > kills / 10, $"one phase was hardly hit: {_tally}");
    }

    void Kill(int number, StormTarget running, PreparedTracer tracer)
    {
        string when = $"after kill {number}";
        using TargetProcess target = TargetProcess.Open(running.Pid);
        if (!_catalogs.TryGetValue(target.Pid, out FunctionCatalog? catalog))
            _catalogs.Add(target.Pid, catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []));
        Timed("waiting for a tracer", tracer.Begin);
        Timed("aiming", () => Aim(number, tracer, target));
        tracer.Kill();
        bool standing = WindowWatch.CountBreakpoints(target, catalog.Modules[0]) > 0;
        Timed("reaping", tracer.Reap);
        _tally.Kills++;
        running.AssertAlive(when);
        if (LeftSession.Find(target) is { IsDetached: false } left) Restore(number, when, target, left, standing);
        else _tally.Unannounced++;
        TextImage.AssertRestored(target, catalog);
        Timed("checked work", () => running.AssertWorks(when));
    }

    void Timed(string step, Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        _tally.Took(step, Stopwatch.GetElapsedTime(start));
    }

    void Restore(int number, string when, TargetProcess target, LeftSession left, bool standing)
    {
        Timed("the helper's end", () => HelperPlace.AwaitOrphan(target));
        (bool ended, bool open) = left.LastWindow;
        Assert.False(open, $"{when} the helper has left the window open");
        if (!ended) _tally.BetweenWindows++;
        else
        {
            Classify(target, left);
            if (standing) _tally.SeenStanding++;
        }
        if (number % 5 == 0)
        {
            Timed("calltap detach", () => Detach(target.Pid));
            _tally.ByCommand++;
        }
        else
        {
            Timed("restore", () => Assert.Empty(left.Restore().Refused));
            _tally.ByRestore++;
        }
        Assert.True(LeftSession.Find(target) is null or { IsDetached: true });
    }

    static void Detach(Pid pid)
    {
        using CliRun detach = CliRun.Run(0, "detach", "-p", $"{pid}");
        Assert.Contains("all bytes restored and verified", detach.Output);
    }

    /// <summary>Back or on: what the sites of the batch hold now tells what the helper found.</summary>
    void Classify(TargetProcess target, LeftSession left)
    {
        int back = 0, on = 0;
        Span<byte> bytes = stackalloc byte[PatchBytes.Length];
        foreach (SiteTableEntry site in left.ReadSites().Where(site => site.State == SiteState.Changing))
        {
            if (target.ReadMemory(site.Address, bytes) != bytes.Length) continue;
            if (PatchBytes.From(bytes) == site.Installed) on++;
            else back++;
        }
        if (on > back) _tally.Tails++;
        else if (back > on) _tally.HeadsOnly++;
        else _tally.OtherInWindow++;
    }

    /// <summary>Returns at the moment to kill at: one in eight anywhere from the tracer's first instruction on, the others in a window.</summary>
    void Aim(int number, PreparedTracer tracer, TargetProcess target)
    {
        if (number % 8 == 7)
        {
            Clock.Sleep(TimeSpan.FromMilliseconds(_random.Next(400)));
            return;
        }
        tracer.AwaitChanges(_random.Next(3));
        Assert.True(StormTarget.Await(() => LeftSession.Find(target) is { IsDetached: false }), "the tracer does not attach");
        new WindowWatch(target).AwaitSomewhere(number % 2 == 0 ? WindowTableLayout.HeadsOnly : WindowTableLayout.Tails, _random);
    }
}
