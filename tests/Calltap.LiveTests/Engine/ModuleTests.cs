using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.LiveTests.Engine;

/// <summary>Libraries that come and go while a session lives are armed and retired.</summary>
[Collection(EngineTests.Name)]
public sealed class ModuleTests(ITestOutputHelper output)
{
    const int Calls = 20, EntriesOfACall = 4;

    /// <param name="queried">Whether the kernel is asked for single mappings, which it can be since Linux 6.11; else all are read.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_call_is_lost_after_the_arming_however_often_a_library_comes(bool queried)
    {
        int rounds = LiveTest.Repeat(30, 1000);
        using PluginProgram plugins = PluginProgram.Start();
        using TraceSession session = Attach(plugins, queried);
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([PluginProgram.Plugin]);
        var addresses = new HashSet<TargetAddress>();
        for (int i = 0; i < rounds; i++)
        {
            plugins.LoadLibrary();
            ModuleArming armed = PluginProgram.Await(recorder.FollowModules, r => r.Armed.Count > 0).Armed.Single();
            Assert.Equal(PluginProgram.FunctionsOfSmall, armed.Armed);
            addresses.Add(armed.Module.Start);
            plugins.CallLibrary(Calls);
            plugins.UnloadLibrary();
            if (i % 8 == 3) plugins.Occupy(); // it has to go elsewhere
            if (i % 3 != 0) PluginProgram.Await(recorder.FollowModules, r => r.Gone.Count == 1); // else it is back before anybody looks
            if (i % 8 == 4) plugins.AssertOccupiedAndFree();
        }
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        Assert.Equal((long)EntriesOfACall * Calls * rounds, calls.Entries);
        Assert.Equal((0, 0, 0), (calls.LostEntries, calls.OrphanExits, calls.UnknownSites));
        FunctionRecord root = calls.Catalog.Functions.Values.Single(f => f.Name == "plugin_root"); // one, wherever it was
        Assert.Equal((long)Calls * rounds, calls.EntriesOf(root.Id));
        Assert.True(addresses.Count > 1, "it was at one address only");
        plugins.Program.AssertRight();
    }

    static TraceSession Attach(PluginProgram plugins, bool queried)
    {
        TraceSession session = plugins.Attach();
        if (!queried) session.Target.DoWithoutMappingQuery();
        return session;
    }

    /// <summary>The program comes and goes with the library as it likes; what is in its place meanwhile is looked at byte by byte.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void A_library_may_come_and_go_at_any_moment(bool byHelper, bool queried)
    {
        int rounds = LiveTest.Repeat(byHelper ? 200 : 50, 10_000);
        using PluginProgram plugins = PluginProgram.Start();
        using TraceSession session = Attach(plugins, queried);
        session.WritesInTarget = byHelper;
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([PluginProgram.Plugin]);
        int armed = 0, gone = 0, unmapped = 0, done = 0;
        plugins.PostRounds(rounds);
        while (IsGoingOn())
        {
            if (recorder.FollowModules() is not { } report)
            {
                Clock.Sleep(TimeSpan.FromMicroseconds(50));
                continue;
            }
            armed += report.Armed.Count(a => a.Armed > 0);
            gone += report.Retired.Count > 0 ? 1 : 0;
            unmapped += report.Arming is { } arming && arming.Refused.Any(r => r.Reason == PokePlan.NoLongerMapped) ? 1 : 0;
            plugins.Program.AssertAlive($"after {armed} armings");
        }
        Assert.Equal(0, recorder.Stop()!.Unrestored);
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{done} rounds, armed in {armed}, gone when armed {gone} times, gone in the window {unmapped} times; {calls.Entries:N0} calls recorded");
        Assert.Equal((0, 0), (calls.LostEntries, calls.UnknownSites));
        Assert.True(armed > 0 && gone > 0 && calls.Entries > 0, "it was never armed");
        plugins.Program.AssertRight();

        // Each set of rounds is looked at. A tracer that hardly gets a CPU shows nothing in few: then some more are made.
        bool IsGoingOn()
        {
            const int MostSets = 20;
            if (!plugins.Program.Control.IsDone) return true;
            Assert.Equal(0, plugins.Program.Control.Result(0));
            Assert.True(plugins.Program.Control.Result(1) > rounds / 4, "it was hardly ever at the same address again");
            done += rounds;
            if ((armed > 0 && gone > 0) || done >= MostSets * rounds) return false;
            plugins.PostRounds(rounds);
            return true;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_is_loaded_again_between_two_looks_is_armed_again(bool queried)
    {
        using PluginProgram plugins = PluginProgram.Start();
        using TraceSession session = Attach(plugins, queried);
        Op op = PluginProgram.OpOf(OpKind.Count);
        session.Add(op);
        plugins.LoadLibrary();
        PluginProgram.Await(session.FollowModules, r => r.Armed.Count == 1);
        Assert.True(plugins.IsReloadedInPlace(), "it came to another address");
        plugins.CallLibrary(Calls); // not seen: nobody has looked
        ModuleReport report = PluginProgram.Await(session.FollowModules, r => r.Armed.Count == 1);
        Assert.Equal(report.Gone.Single().Id, report.Come.Single().Id);
        plugins.CallLibrary(Calls);
        Assert.True(plugins.IsReloadedInPlace(), "it came to another address");
        Assert.Equal(0, session.Detach()!.Unrestored); // what came in its place has nothing of ours
        Assert.Equal(PluginProgram.FunctionsOfSmall, session.Counts(op).Values.Count(n => n == Calls));
        plugins.CallLibrary(Calls);
        plugins.Program.AssertRight();
    }

    [Fact]
    public void Code_that_is_mapped_without_a_linker_is_armed()
    {
        using PluginProgram plugins = PluginProgram.Start();
        using TraceSession session = plugins.Attach();
        Op op = PluginProgram.OpOf(OpKind.Count);
        session.Add(op);
        plugins.MapByHand();
        PluginProgram.Await(session.FollowModules, r => r.Armed.Any(a => a.Armed == PluginProgram.FunctionsOfSmall));
        plugins.CallLibrary(Calls);
        session.Detach();
        Assert.Equal(PluginProgram.FunctionsOfSmall, session.Counts(op).Values.Count(n => n == Calls));
        plugins.Program.AssertRight();
    }

    [Fact]
    public void Code_that_the_linker_writes_to_is_left_out()
    {
        using PluginProgram plugins = PluginProgram.Start();
        plugins.AddRelocated();
        using TraceSession session = plugins.Attach();
        session.Add(PluginProgram.Plugin);
        plugins.LoadLibrary(1);
        ModuleReport report = PluginProgram.Await(session.FollowModules, r => r.Refused.Count > 0);
        Assert.Equal("its code is relocated when it is loaded", report.Refused.Single().Reason);
        plugins.CallLibrary(Calls);
        plugins.Program.AssertRight();
    }

    /// <summary>A stopped program gives no thread to work with: it is asked again.</summary>
    [Fact]
    public void What_can_not_be_armed_at_once_is_armed_later()
    {
        using PluginProgram plugins = PluginProgram.Start();
        using TraceSession session = plugins.Attach();
        session.Add(PluginProgram.Plugin);
        plugins.LoadLibrary();
        Signals.Kill(plugins.Program.Pid, Signals.SIGSTOP);
        Assert.NotNull(PluginProgram.Await(session.FollowModules, r => r.Come.Count > 0).Failure);
        Signals.Kill(plugins.Program.Pid, Signals.SIGCONT);
        PluginProgram.Await(session.FollowModules, r => r.Armed.Any(a => a.Armed == PluginProgram.FunctionsOfSmall));
        plugins.CallLibrary(Calls);
        plugins.Program.AssertRight();
    }

    /// <summary>From dlopen's return to the first call that is recorded, of a library that calls begin in at once.</summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 2)] // on a machine of two CPUs, one more thread than that runs all the time
    [InlineData(true, 0)]
    public void Calls_are_recorded_from_milliseconds_after_the_loading_on(bool large, int busyThreads)
    {
        using PluginProgram plugins = PluginProgram.Start(busyThreads);
        if (large) plugins.AddLarge();
        int visits = LiveTest.Repeat(3, 40);
        List<double> first = [.. Enumerable.Range(0, visits).Select(_ => Latencies(plugins, large, 1).Single())];
        List<double> again = [.. Latencies(plugins, large, visits + 1).Skip(1)];
        output.WriteLine($"{busyThreads} threads busy, {(large ? PluginProgram.FunctionsOfLarge : PluginProgram.FunctionsOfSmall)} functions, {visits} times each, ms: seen first {Text(first)}; known {Text(again)}");
        plugins.Program.AssertRight();
    }

    static string Text(List<double> times) => $"median {times.Order().ElementAt(times.Count / 2):0.0}, worst {times.Max():0.0}";

    static IReadOnlyList<double> Latencies(PluginProgram plugins, bool large, int visits)
    {
        using TraceSession session = plugins.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([PluginProgram.Plugin]);
        var loaded = new List<TscTime>();
        for (int i = 0; i < visits; i++)
        {
            long before = long.MaxValue;
            loaded.Add(plugins.Visit(large ? 1 : 0, () =>
            {
                if (recorder.FollowModules() is { Armed.Count: > 0 }) before = recorder.Progress.Events;
                return recorder.Progress.Events > before;
            }));
            PluginProgram.Await(recorder.FollowModules, report => report.Gone.Count > 0);
        }
        recorder.Stop();
        return new FirstCalls(loaded, plugins.Program.Control.TscHz).Of(file);
    }

    /// <summary>The first event behind each of some times, in milliseconds from that.</summary>
    sealed class FirstCalls(IReadOnlyList<TscTime> loaded, double tscHz) : IEventVisitor
    {
        readonly ulong[] _first = new ulong[loaded.Count];

        public IReadOnlyList<double> Of(MemoryStream file)
        {
            using TraceReader reader = TraceReader.Open(file.ToArray(), "test");
            reader.Read(this);
            Assert.DoesNotContain(0ul, _first);
            return [.. _first.Select((first, i) => 1e3 * (first - loaded[i].Value) / tscHz)];
        }

        void IEventVisitor.OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
        {
            foreach (TraceEvent e in events)
            {
                int visit = loaded.Count - 1;
                while (visit >= 0 && e.Time.Value < loaded[visit].Value) visit--;
                if (visit >= 0 && _first[visit] == 0) _first[visit] = e.Time.Value;
            }
        }

        void IEventVisitor.OnLost(in LostRecord lost) => Assert.Fail("calls were lost");
    }
}
