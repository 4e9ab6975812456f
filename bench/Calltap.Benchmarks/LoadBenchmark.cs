using Calltap.Modules;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>
/// How long a library that is loaded while a session records is there before its calls are recorded, and what that time is spent on. A library is small (4
/// functions) or large (4,100); a session sees it for the first time, with its analysis kept from before or not, or has seen it.
/// </summary>
static class LoadBenchmark
{
    const int Small = 0, Large = 1;
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(1); // as record does
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Measures it all.</summary>
    public static IReadOnlyList<LoadCost> Run(int rounds, Func<string, bool> isAsked)
    {
        var costs = new List<LoadCost>();
        foreach ((int which, string name, int busy) in new[] { (Small, "small", 1), (Small, "small", 0), (Large, "large", 1) })
        {
            if (!isAsked($"{name} {busy}")) continue;
            using LoadProgram program = LoadProgram.Start(busy);
            costs.Add(new LoadCost($"{name}, first load, nothing kept", busy, [.. Enumerable.Range(0, rounds).Select(_ => Measure(program, which, 1, Cache.Empty)[0])]));
            Measure(program, which, 1, Cache.Full); // fills it
            costs.Add(new LoadCost($"{name}, first load, analysis kept", busy, [.. Enumerable.Range(0, rounds).Select(_ => Measure(program, which, 1, Cache.Full)[0])]));
            costs.Add(new LoadCost($"{name}, later loads", busy, [.. Measure(program, which, rounds + 1, Cache.Full).Skip(1)]));
            if (program.Control.WrongResults != 0) throw new InvalidOperationException("calls returned wrong results: no figure of this run counts");
        }
        return costs;
    }

    enum Cache
    {
        Empty,
        Full,
    }

    static List<LoadRound> Measure(LoadProgram program, int which, int visits, Cache kept)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"calltap-bench-{Environment.ProcessId}-{kept}");
        if (kept == Cache.Empty && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        using TraceSession session = Attach(program.Pid, AnalysisCache.In(folder));
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        using var clock = new TimeStampCounter();
        recorder.Add([new Op(OpKind.Graph, FunctionFilter.Parse(["plugin_root", "several", "one", "one_back", "filling_*"], []), "plugin")]);
        var seen = new List<Seen>();
        for (int i = 0; i < visits; i++)
        {
            Seen last = default!;
            TscTime loaded = program.VisitLibrary(which, () => last = AwaitArming(recorder, clock));
            seen.Add(last with { Loaded = loaded });
            Await(recorder, report => report.Gone.Count > 0);
        }
        recorder.Stop();
        if (kept == Cache.Empty) Directory.Delete(folder, recursive: true);
        return Rounds(seen, file, program.Control.TscHz / 1e3);
    }

    sealed record Seen(TscTime Loaded, TscTime Noticed, TscTime Armed, TimeSpan Collected, ModuleReport Report);

    static TraceSession Attach(Pid pid, AnalysisCache cache)
    {
        TargetProcess target = TargetProcess.Open(pid);
        return TraceSession.Attach(target, FunctionCatalog.Load(target, FunctionScope.Libraries, [], cache), null);
    }

    /// <summary>Arms it, and waits until a call of it is recorded.</summary>
    static Seen AwaitArming(Recorder recorder, TimeStampCounter clock)
    {
        TscTime noticed = default;
        TimeSpan collected = GC.GetTotalPauseDuration();
        ModuleReport armed = Await(recorder, report => report.Armed.Count > 0, () => noticed = clock.Now);
        TscTime done = clock.Now;
        collected = GC.GetTotalPauseDuration() - collected;
        long before = recorder.Progress.Events;
        for (Deadline deadline = Deadline.In(s_patience); recorder.Progress.Events == before; Clock.Sleep(s_tick))
            if (deadline.IsPast) throw new TimeoutException("no call was recorded");
        return new Seen(default, noticed, done, collected, armed);
    }

    static ModuleReport Await(Recorder recorder, Func<ModuleReport, bool> isIt, Action? aboutToLook = null)
    {
        for (Deadline deadline = Deadline.In(s_patience); ; Clock.Sleep(s_tick))
        {
            aboutToLook?.Invoke();
            if (recorder.FollowModules() is { } report && isIt(report)) return report;
            if (deadline.IsPast) throw new TimeoutException("nothing was seen to happen");
        }
    }

    static List<LoadRound> Rounds(List<Seen> seen, MemoryStream file, double ticksPerMs)
    {
        var calls = new FirstEvents([.. seen.Select(s => s.Loaded)]);
        using (TraceReader reader = TraceReader.Open(file.ToArray(), "benchmark")) reader.Read(calls);
        return [.. seen.Select((s, i) => new LoadRound(
            Since(s, s.Noticed), Since(s, s.Armed), Since(s, calls.First[i]), s.Collected.TotalMilliseconds, Steps(s.Report)))];

        double Since(Seen s, TscTime time) => (long)(time.Value - s.Loaded.Value) / ticksPerMs;
    }

    /// <summary>With those of the batch in the place of the batch.</summary>
    static List<(string Step, TimeSpan Time)> Steps(ModuleReport report)
    {
        const string Batch = "batch";
        IReadOnlyList<(string Step, TimeSpan Time)> inBatch = report.Arming!.Batch.Steps;
        var all = new List<(string Step, TimeSpan Time)>();
        foreach ((string step, TimeSpan time) in report.Steps)
            if (step == Batch) all.AddRange([.. inBatch, ("settle", time - inBatch.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Time))]);
            else all.Add((step, time));
        return all;
    }

    /// <summary>The first event behind each of some times.</summary>
    sealed class FirstEvents(IReadOnlyList<TscTime> loaded) : IEventVisitor
    {
        public TscTime[] First { get; } = new TscTime[loaded.Count];

        void IEventVisitor.OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
        {
            foreach (TraceEvent e in events)
            {
                int visit = loaded.Count - 1;
                while (visit >= 0 && e.Time.Value < loaded[visit].Value) visit--;
                if (visit >= 0 && First[visit] == default) First[visit] = e.Time;
            }
        }

        void IEventVisitor.OnLost(in LostRecord lost) => throw new InvalidOperationException("calls were lost");
    }
}
