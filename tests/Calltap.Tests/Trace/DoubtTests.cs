using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

/// <summary>Entries above open calls: the rules of <see cref="Doubt"/>, and what is remembered of a stack.</summary>
public sealed class DoubtTests
{
    const uint Top = 0x7000_0000;
    const uint Above = Top + 0x8000;

    static readonly TraceEvent[] s_interrupted = [Entry(1, "main", Top), Entry(2, "f", Top - 0x100), Entry(3, "h", Above)];

    [Fact]
    public void An_exit_of_an_interrupted_call_puts_the_handler_on_a_stack_of_its_own() => Check(
        [.. s_interrupted, Entry(4, "g", Above - 64), Exit(5, "g", Above - 64), Exit(6, "h", Above), Exit(7, "f", Top - 0x100), Exit(8, "main", Top)],
        "g 1 2 Exit 5", "h 0 -1 Exit 6", "f 1 0 Exit 7", "main 0 -1 Exit 8");

    [Fact]
    public void What_the_interrupted_call_calls_after_the_handler_is_its_callee() => Check(
        [.. s_interrupted, Exit(4, "h", Above), Entry(5, "g", Top - 0x200), Exit(6, "g", Top - 0x200), Exit(7, "f", Top - 0x100), Exit(8, "main", Top)],
        "h 0 -1 Exit 4", "g 2 1 Exit 6", "f 1 0 Exit 7", "main 0 -1 Exit 8");

    [Fact]
    public void An_exit_further_out_tells_that_the_calls_were_left_before_the_entry() => Check(
        [Entry(1, "main", Top), Entry(2, "f", Top - 0x100), Entry(3, "h", Top - 0x80), Exit(4, "h", Top - 0x80), Exit(5, "main", Top)],
        "f 1 0 Unwind 3", "h 1 0 Exit 4", "main 0 -1 Exit 5");

    [Fact]
    public void The_slot_of_the_outermost_in_doubt_used_again_tells_that_all_are_gone() => Check(
        [Entry(1, "main", Top), Entry(2, "f", Top - 0x100), Entry(3, "g", Top - 0x200), Entry(4, "h", Top - 0x80), Exit(5, "h", Top - 0x80), Entry(6, "f", Top - 0x100)],
        "g 2 1 Unwind 4", "f 1 0 Unwind 4", "h 1 0 Exit 5", "f 1 0 Unknown -", "main 0 -1 Unknown -");

    [Fact]
    public void The_slot_of_an_inner_one_used_again_leaves_the_outer_ones_in_doubt() => Check(
        [.. s_interrupted, Exit(4, "h", Above), Entry(5, "g", Top - 0x100), Exit(6, "g", Top - 0x100), Exit(8, "main", Top)],
        "h 0 -1 Exit 4", "f 1 0 Unwind 5", "g 1 0 Exit 6", "main 0 -1 Exit 8");

    [Fact]
    public void The_call_that_the_innermost_made_before_made_again_tells_that_it_goes_on() => Check(
        [Entry(1, "main", Top), Entry(2, "g", Top - 64), Exit(3, "g", Top - 64), Entry(4, "h", Above), Exit(5, "h", Above), Entry(6, "g", Top - 64)],
        "g 1 0 Exit 3", "h 0 -1 Exit 5", "g 1 0 Unknown -", "main 0 -1 Unknown -");

    [Fact]
    public void At_the_end_of_the_trace_the_calls_in_doubt_are_gone() => Check(
        s_interrupted, "f 1 0 Unwind 3", "main 0 -1 Unwind 3", "h 0 -1 Unknown -");

    [Fact]
    public void At_a_loss_the_calls_in_doubt_are_gone()
    {
        var log = new CallLog();
        CallTreeBuilder tree = CallTreeTests.Builder(log);
        tree.Add(s_interrupted);
        Assert.True(tree.IsInDoubt);
        tree.AddLoss();
        Assert.False(tree.IsInDoubt);
        Assert.Equal(["f", "main"], log.Calls.Select(CallTreeTests.NameOf));
    }

    [Fact]
    public void No_more_events_are_held_than_the_limit()
    {
        var log = new CallLog();
        CallTreeBuilder tree = CallTreeTests.Builder(log);
        tree.Add(s_interrupted);
        for (ulong held = 1; held < TraceLimits.MaxEventsInDoubt; held++)
        {
            Assert.True(tree.IsInDoubt);
            tree.Add([held % 2 == 0 ? Exit(3 + held, "g", Above - 64) : Entry(3 + held, "g", Above - 64)]);
        }

        Assert.False(tree.IsInDoubt);
        Assert.Equal(EndedBy.Unwind, log.Calls[0].EndedBy);
    }

    [Fact]
    public void Doubts_without_end_cost_no_more_than_a_few_looks_at_each_event()
    {
        var log = new CallLog();
        CallTreeBuilder tree = CallTreeTests.Builder(log);
        for (uint i = 0; i < 300_000; i++)
            tree.Add([Entry(i + 1, "f", Top + (8 * (i % 100_000)))]);
        tree.Finish();
        Assert.Equal(300_000, log.Calls.Count);
    }

    [Fact]
    public void A_call_again_at_the_same_slot_is_decided_at_once()
    {
        CallTreeBuilder tree = CallTreeTests.Builder(new CallLog());
        tree.Add([Entry(1, "main", Top), Entry(2, "f", Top - 64), Entry(3, "g", Top - 128), Entry(4, "f", Top - 64)]);
        Assert.False(tree.IsInDoubt);
    }

    [Fact]
    public void Functions_without_patched_exits_are_never_in_doubt()
    {
        var sites = new SiteTable();
        sites.Add(new SiteRecord(new SiteId(1), new FunctionId(4), SiteKind.Entry));
        var tree = new CallTreeBuilder(sites, new ExitCoverage(Functions, []), new CallLog());
        tree.Add([new TraceEvent(new TscTime(1), new SiteId(1), Top), new TraceEvent(new TscTime(2), new SiteId(1), Above)]);
        Assert.False(tree.IsInDoubt);
    }

    [Fact]
    public void A_stack_above_all_calls_is_remembered()
    {
        var log = new CallLog();
        CallTreeBuilder tree = CallTreeTests.Builder(log);
        tree.Add([.. s_interrupted, Exit(4, "h", Above), Exit(5, "f", Top - 0x100), Entry(6, "f", Top - 0x100), Entry(7, "h", Above)]);
        Assert.False(tree.IsInDoubt);
        tree.Finish();
        Assert.Equal(["h 0 -1 Exit 4", "f 1 0 Exit 5", "f 1 0 Unknown -", "main 0 -1 Unknown -", "h 0 -1 Unknown -"], log.Calls.Select(Text));
    }

    [Fact]
    public void A_stack_between_two_calls_is_not_remembered()
    {
        const uint array = Top - 0x80;
        CallTreeBuilder tree = CallTreeTests.Builder(new CallLog());
        tree.Add([Entry(1, "main", Top), Entry(2, "f", Top - 0x100), Entry(3, "h", array), Exit(4, "h", array), Exit(5, "f", Top - 0x100)]);
        tree.Add([Entry(6, "f", Top - 0x100), Entry(7, "h", array)]);
        Assert.True(tree.IsInDoubt);
    }

    [Fact]
    public void A_handler_left_by_siglongjmp_ends_with_the_frames_that_hold_its_stack()
    {
        const uint array = Top - 0x80;
        Check(
            [Entry(1, "main", Top), Entry(2, "f", Top - 0x100), Entry(3, "g", Top - 0x200), Entry(4, "h", array), Entry(5, "g", Top - 0x200), Exit(6, "g", Top - 0x200), Exit(7, "f", Top - 0x100), Exit(8, "main", Top)],
            "g 2 1 Unwind 5", "g 2 1 Exit 6", "f 1 0 Exit 7", "h 0 -1 Unwind 7", "main 0 -1 Exit 8");
    }

    [Fact]
    public void A_coroutine_above_keeps_its_calls_across_switches() => Check(
        [
            .. s_interrupted, Entry(4, "g", Top - 0x200), Exit(5, "g", Top - 0x200), Exit(6, "f", Top - 0x100), Entry(7, "f", Top - 0x100), Exit(8, "h", Above),
            Exit(9, "f", Top - 0x100), Exit(10, "main", Top),
        ],
        "g 2 1 Exit 5", "f 1 0 Exit 6", "h 0 -1 Exit 8", "f 1 0 Exit 9", "main 0 -1 Exit 10");

    static void Check(TraceEvent[] events, params string[] expected)
    {
        var log = new CallLog();
        CallTreeBuilder tree = CallTreeTests.Builder(log);
        tree.Add(events);
        tree.Finish();
        Assert.Equal(expected, log.Calls.Select(Text));
        Assert.Equal(0, tree.OrphanExits);
    }

    static string Text(Call c) => $"{CallTreeTests.NameOf(c)} {c.Depth} {c.Parent} {c.EndedBy} {c.End?.Value.ToString() ?? "-"}";
}
