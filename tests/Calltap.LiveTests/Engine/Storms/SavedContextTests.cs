using Calltap.Code;
using Calltap.LiveTests.Target;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Sessions;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>
/// Threads that signals have interrupted at every instruction of functions with multi-instruction regions, and that will go on there when
/// their handlers return: such a region is left for a later window.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class SavedContextTests(ITestOutputHelper output)
{
    const int Threads = 40; // one for each instruction of each shape in parked.c
    const int Park = 1, Release = 2, CallAll = 3, GiveUpTraps = 4;
    const int Crowded = 6;

    static readonly Op s_graph = new(OpKind.Graph, FunctionFilter.Parse(["park_*"], []), "parked");

    /// <summary>The places of parked.c.</summary>
    public static TheoryData<int, string> Places => new()
    {
        { 0, "plain" }, { 1, "alternate stack" }, { 2, "nested" }, { 3, "deep" }, { 4, "switched to another stack" }, { 5, "on a coroutine's stack" },
        { Crowded, "behind more contexts than are followed" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void A_region_that_a_saved_context_points_into_is_left_for_later(int place, string name)
    {
        using SmallProgram program = SmallProgram.Start("parked", Threads, 2);
        using TraceSession session = program.Attach();
        program.Control.Run(Park, EngineTests.Patience, place);
        ArmReport report = session.Add(s_graph);
        List<Site> held = HeldSites(program, session);
        output.WriteLine($"{name}: {report.Batch.Poked} sites armed, {report.Batch.Refused.Count} left for later, {held.Count} of them hold a saved pc");
        Assert.True(held.Count >= 12, "too few threads were interrupted inside a region");
        Assert.All(held, site => Assert.Contains("saved context", site.Refusal));
        Assert.All(held, site => Assert.Equal(SiteState.Original, site.State));
        if (place == Crowded) Assert.All(report.Batch.Refused, site => Assert.NotEqual(0, site.Plan.InteriorStarts.Count));
        else Assert.True(report.Batch.Poked > report.Batch.Refused.Count, "regions that no context points into are armed");
        AssertGoesOn(program, session);
    }

    /// <summary>
    /// Nobody is stopped: a thread that runs in its handler is looked at between two samples.
    /// </summary>
    [Theory]
    [MemberData(nameof(Places))]
    public void No_such_region_changes_without_a_ptracer(int place, string name)
    {
        Answering.HandlerAlone.SkipUnlessAllowed();
        using SmallProgram program = SmallProgram.Start("parked", Threads, 2);
        using TraceSession session = program.Attach();
        session.AnswerBy(Answering.HandlerAlone);
        program.Control.Run(Park, EngineTests.Patience, place);
        program.Control.Run(GiveUpTraps, EngineTests.Patience);
        ArmReport report = session.Add(s_graph);
        List<Site> held = HeldSites(program, session);
        output.WriteLine($"{name}: {report.Batch.Poked} sites armed, {report.Batch.Refused.Count} left for later, {held.Count} of them hold a saved pc");
        Assert.True(held.Count >= 12, "too few threads were interrupted inside a region");
        Assert.All(held, site => Assert.Equal(SiteState.Original, site.State));
        Assert.All(held, site => Assert.Contains("saved context", site.Refusal));
        AssertGoesOn(program, session);
    }

    /// <summary>The control: what the scan is for happens without it.</summary>
    [Theory]
    [MemberData(nameof(Places))]
    public void Without_the_scan_a_thread_comes_back_into_a_changed_region(int place, string name) => AssertHarmed(place, name, Answering.Guard);

    /// <summary>The same without a ptracer.</summary>
    [Theory]
    [MemberData(nameof(Places))]
    public void So_it_does_where_nobody_is_traced(int place, string name) => AssertHarmed(place, name, Answering.HandlerAlone);

    void AssertHarmed(int place, string name, Answering answering)
    {
        answering.SkipUnlessAllowed();
        using SmallProgram program = SmallProgram.Start("parked", Threads, 2);
        using TraceSession session = program.Attach();
        session.Broken = BrokenRules.NoStackScan;
        session.AnswerBy(answering);
        program.Control.Run(Park, EngineTests.Patience, place);
        program.Control.Run(GiveUpTraps, EngineTests.Patience);
        ArmReport report = session.Add(s_graph);
        Assert.Empty(report.Batch.Refused);
        Assert.NotEmpty(HeldSites(program, session));
        program.Control.Post(Release);
        bool ended = StormTarget.Await(() => !program.IsRunning || program.Control.IsDone || program.Control.WrongResults > 0);
        output.WriteLine($"{name}: {(!program.IsRunning ? "the target has ended" : program.Control.WrongResults > 0 ? "wrong results" : ended ? "nothing" : "a thread never came back")}");
        Assert.False(program.IsRunning && program.Control.IsDone && program.Control.WrongResults == 0, "no thread was harmed: the test above proves nothing");
    }

    /// <summary>The handlers return, everything is armed at the next try, and works.</summary>
    static void AssertGoesOn(SmallProgram program, TraceSession session)
    {
        program.Control.Run(Release, EngineTests.Patience);
        Assert.Equal(0, program.Control.WrongResults);
        ArmReport later = session.Add([]);
        Assert.Empty(later.Batch.Refused);
        Assert.All(session.Sites.Values, sites => Assert.True(sites.IsWhole(sites.Armed)));
        Assert.Equal(Threads, later.Armed);
        program.Control.Run(CallAll, EngineTests.Patience, 1000);
        Assert.Equal(0, session.Remove(s_graph).Armed);
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>Sites whose region holds the pc of an interrupted thread behind its first byte.</summary>
    static List<Site> HeldSites(SmallProgram program, TraceSession session)
    {
        ulong[] pcs = [.. Enumerable.Range(0, Threads).Select(thread => (ulong)program.Control.Counts(thread)[0]).Where(pc => pc != 0)];
        return [.. session.Sites.Values.SelectMany(sites => sites.Exits.Prepend(sites.Entry))
            .Where(site => pcs.Any(pc => pc > site.Address.Value && site.Plan.InteriorStarts.Contains((int)Math.Min(pc - site.Address.Value, 31))))];
    }
}
