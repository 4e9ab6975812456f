using Calltap.Trace;
using CsCheck;
using static Calltap.Tests.Trace.TraceSample;
using Xunit;

namespace Calltap.Tests.Trace;

public sealed class CallTreeTests
{
    const uint Top = 0x7fff_0000;

    [Fact]
    public void Nested_calls_have_parents_depths_durations_and_self_times()
    {
        Call[] calls = Build(Entry(10, "main", Top), Entry(20, "f", Top - 16), Entry(25, "g", Top - 64), Exit(30, "g", Top - 64), Exit(50, "f", Top - 16), Exit(110, "main", Top));
        Assert.Equal(["g 2 1 5 5 Exit", "f 1 0 30 25 Exit", "main 0 -1 100 70 Exit"], calls.Select(Text));
    }

    [Fact]
    public void Recursion_pairs_by_stack_and_marks_the_outermost()
    {
        Call[] calls = Build(Entry(1, "f", Top), Entry(2, "f", Top - 48), Entry(3, "f", Top - 96), Exit(4, "f", Top - 96), Exit(7, "f", Top - 48), Exit(11, "f", Top));
        Assert.Equal([1ul, 5, 10], calls.Select(c => c.Ticks!.Value));
        Assert.Equal([false, false, true], calls.Select(c => c.IsOutermost));
    }

    [Fact]
    public void A_tail_jump_ends_the_call_and_the_next_function_has_the_same_stack()
    {
        Call[] calls = Build(Entry(1, "main", Top), Entry(2, "f", Top - 16), Tail(5, "f", Top - 16), Entry(6, "g", Top - 16), Exit(9, "g", Top - 16), Exit(10, "main", Top));
        Assert.Equal(["f 1 0 3 3 Exit", "g 1 0 3 3 Exit", "main 0 -1 9 3 Exit"], calls.Select(Text));
    }

    [Fact]
    public void An_exception_unwinds_the_frames_above_the_catching_one_at_its_next_event()
    {
        Call[] calls = Build(Entry(1, "main", Top), Entry(2, "f", Top - 32), Entry(3, "g", Top - 64), Entry(20, "h", Top - 16), Exit(21, "h", Top - 16), Exit(30, "main", Top));
        Assert.Equal(["g 2 1 17 17 Unwind", "f 1 0 18 1 Unwind", "h 1 0 1 1 Exit", "main 0 -1 29 10 Exit"], calls.Select(Text));
    }

    [Fact]
    public void A_longjmp_is_revealed_by_an_outer_exit()
    {
        Call[] calls = Build(Entry(1, "main", Top), Entry(2, "f", Top - 32), Entry(3, "g", Top - 64), Exit(30, "main", Top));
        Assert.Equal(["g 2 1 27 27 Unwind", "f 1 0 28 1 Unwind", "main 0 -1 29 1 Exit"], calls.Select(Text));
    }

    [Fact]
    public void A_call_that_is_alone_has_no_place_in_the_tree_and_ends_nothing()
    {
        var sites = new SiteTable();
        foreach (SiteRecord site in Sites) sites.Add(site);
        sites.Add(new SiteRecord(new SiteId(100), new FunctionId(4), SiteKind.EntryAlone));
        var log = new CallLog();
        var tree = new CallTreeBuilder(sites, new ExitCoverage(Functions, []), log);
        tree.Add([Entry(1, "main", Top), Alone(2, Top + 64), Entry(3, "f", Top - 16), Alone(4, Top - 4096), Exit(5, "f", Top - 16), Alone(6, 0x40), Exit(9, "main", Top)]);
        tree.Finish();
        Assert.Equal(["leaky 0 -1 - - Unknown", "leaky 0 -1 - - Unknown", "f 1 0 2 2 Exit", "leaky 0 -1 - - Unknown", "main 0 -1 8 6 Exit"], log.Calls.Select(Text));
        Assert.Equal((5, 0), (tree.Entries, tree.OrphanExits));

        static TraceEvent Alone(ulong time, uint stack) => new(new TscTime(time), new SiteId(100), stack);
    }

    [Fact]
    public void A_call_again_at_the_same_stack_ends_the_one_before()
    {
        Call[] calls = Build(Entry(1, "f", Top), Entry(5, "f", Top), Exit(9, "f", Top));
        Assert.Equal(["f 0 -1 4 4 Unwind", "f 0 -1 4 4 Exit"], calls.Select(Text));
    }

    [Fact]
    public void Without_every_exit_patched_an_unseen_end_is_unknown_and_so_is_its_callers_self_time()
    {
        Call[] calls = Build(Entry(1, "main", Top), Entry(2, "leaky", Top - 32), Exit(9, "main", Top));
        Assert.Equal(["leaky 1 0 - - Unknown", "main 0 -1 8 - Exit"], calls.Select(Text));
    }

    [Fact]
    public void Calls_open_at_a_loss_are_unknown_when_they_end_unseen_and_later_ones_are_not()
    {
        var log = new CallLog();
        CallTreeBuilder tree = Builder(log);
        tree.Add([Entry(1, "main", Top), Entry(2, "f", Top - 16)]);
        tree.AddLoss();
        tree.Add([Entry(9, "g", Top - 16), Entry(10, "h", Top - 64), Exit(11, "g", Top - 16), Exit(12, "main", Top)]);
        Assert.Equal(["f Unknown", "h Unwind", "g Exit", "main Exit"], log.Calls.Select(c => $"{NameOf(c)} {c.EndedBy}"));
    }

    [Fact]
    public void A_call_that_was_open_when_its_function_was_disarmed_is_unknown()
    {
        var log = new CallLog();
        var batch = new ArmingRecord(ArmingKind.Disarmed, new TscTime(5), new TscTime(6), 2, 0, [new FunctionId(1)]);
        CallTreeBuilder tree = Builder(log, batch);
        tree.Add([Entry(1, "main", Top), Entry(2, "f", Top - 16), Entry(3, "g", Top - 32), Exit(9, "main", Top)]);
        Assert.Equal(["g Unwind", "f Unknown", "main Exit"], log.Calls.Select(c => $"{NameOf(c)} {c.EndedBy}"));
    }

    [Fact]
    public void An_exit_without_its_entry_is_an_orphan_and_ends_nothing()
    {
        var log = new CallLog();
        CallTreeBuilder tree = Builder(log);
        tree.Add([Exit(1, "g", Top - 16), Entry(2, "main", Top - 8), Exit(3, "f", Top - 8), Exit(4, "g", Top), Exit(5, "main", Top - 8)]);
        Assert.Equal(3, tree.OrphanExits);
        Assert.Equal("main 0 -1 3 3 Exit", Text(Assert.Single(log.Calls)));
    }

    [Fact]
    public void What_is_open_at_the_end_is_unknown_innermost_first()
    {
        Call[] calls = Build(Entry(1, "main", Top), Entry(2, "f", Top - 16));
        Assert.Equal(["f 1 0 - - Unknown", "main 0 -1 - - Unknown"], calls.Select(Text));
    }

    [Fact]
    public void Calls_of_a_switched_stack_stay_open_until_the_switch_back()
    {
        const uint other = Top - 0x2000_0000;
        Call[] calls = Build(
            Entry(1, "main", Top), Entry(2, "f", Top - 16), Entry(3, "g", other), Entry(4, "h", other - 32),
            Exit(5, "f", Top - 16), Exit(6, "h", other - 32), Exit(7, "main", Top), Exit(8, "g", other));
        Assert.Equal(["f 1 0 3 3 Exit", "h 1 2 2 2 Exit", "main 0 -1 6 3 Exit", "g 0 -1 5 3 Exit"], calls.Select(Text));
    }

    [Fact]
    public void Stacks_across_the_32_bit_wrap_are_still_in_order()
    {
        Call[] calls = Build(Entry(1, "main", 0x20), Entry(2, "f", unchecked(0x20u - 0x40)), Exit(3, "f", unchecked(0x20u - 0x40)), Exit(4, "main", 0x20));
        Assert.Equal(["f 1 0 1 1 Exit", "main 0 -1 3 2 Exit"], calls.Select(Text));
    }

    [Fact]
    public void Time_running_backwards_gives_zero_never_negative()
    {
        Call[] calls = Build(Entry(100, "main", Top), Entry(90, "f", Top - 16), Exit(300, "f", Top - 16), Exit(95, "main", Top));
        Assert.Equal([210ul, 0], calls.Select(c => c.Ticks!.Value));
        Assert.Equal([210ul, 0], calls.Select(c => c.SelfTicks!.Value));
    }

    [Fact]
    public void One_stack_above_the_limit_forgets_the_least_recently_used()
    {
        var log = new CallLog();
        CallTreeBuilder tree = Builder(log);
        for (uint i = 0; i <= TraceLimits.MaxStacksPerThread; i++)
            tree.Add([Entry(i + 1, "f", i * 0x0800_0008)]);
        Call forgotten = Assert.Single(log.Calls);
        Assert.Equal((1ul, EndedBy.Unknown), (forgotten.Start.Value, forgotten.EndedBy));
        tree.Finish();
        Assert.Equal(TraceLimits.MaxStacksPerThread + 1, log.Calls.Count);
    }

    [Fact]
    public void Any_events_at_all_give_each_entry_one_end_and_bounded_times() =>
        Gen.Select(Gen.ULong[1, 50], Gen.UInt[1, 20], Gen.UInt[0, 12], Gen.Bool).Array[0, 300].Sample(steps =>
        {
            var log = new CallLog();
            CallTreeBuilder tree = Builder(log);
            foreach ((ulong time, uint site, uint frame, bool far) in steps)
                tree.Add([new TraceEvent(new TscTime(time), new SiteId(site), (frame * 8) + (far ? 0x4000_0000u : 0))]);
            tree.Finish();
            Assert.Equal(tree.Entries, log.Calls.Count);
            Assert.Equal(log.Calls.Count, log.Calls.Select(c => c.Index).Distinct().Count());
            Assert.All(log.Calls, c => Assert.True((c.SelfTicks ?? 0) <= (c.Ticks ?? 0) && (c.Ticks ?? 0) < 50));
            Assert.All(log.Calls, c => Assert.Equal(c.Depth == 0, c.Parent < 0));
        });

    [Fact]
    public void A_random_program_is_rebuilt_exactly() =>
        Gen.Int[0, 1 << 30].Sample(seed =>
        {
            var program = new RandomProgram(seed);
            program.Run(400);
            var log = new CallLog();
            CallTreeBuilder tree = Builder(log);
            tree.Add(program.Events.ToArray());
            tree.Finish();
            Assert.Equal(program.Calls, log.Calls.Select(c => (c.Function.Value, c.Depth, c.Start.Value, c.End!.Value.Value)));
        });

    [Theory]
    [InlineData(AltStack.Above)]
    [InlineData(AltStack.Below)]
    [InlineData(AltStack.Within)]
    public void A_program_that_throws_and_takes_signals_is_rebuilt_exactly(object alternate) =>
        Gen.Int[0, 1 << 30].Sample(
            seed =>
            {
                var program = new SignalProgram(seed, (AltStack)alternate);
                program.Run(400);
                var log = new CallLog();
                CallTreeBuilder tree = Builder(log);
                tree.Add(program.Events.ToArray());
                tree.Finish();
                Assert.Equal(0, tree.OrphanExits);
                Assert.Equal(program.Calls, log.Calls.Select(c => SignalProgram.Text(c.Function.Value, c.Depth, c.Parent, c.Start.Value, c.End?.Value, c.EndedBy)));
            },
            iter: 1000);

    internal static CallTreeBuilder Builder(CallLog log, params ArmingRecord[] arming)
    {
        var sites = new SiteTable();
        foreach (SiteRecord site in Sites)
            sites.Add(site);
        return new CallTreeBuilder(sites, new ExitCoverage(Functions, arming), log);
    }

    static Call[] Build(params TraceEvent[] events)
    {
        var log = new CallLog();
        CallTreeBuilder tree = Builder(log);
        tree.Add(events);
        tree.Finish();
        Assert.Equal(0, tree.OrphanExits + tree.UnknownSites);
        Assert.Equal(tree.Entries, log.Entries);
        return [.. log.Calls];
    }

    internal static string NameOf(Call call) => Functions[call.Function.Value].DisplayName;

    static string Text(Call c) => $"{NameOf(c)} {c.Depth} {c.Parent} {c.Ticks?.ToString() ?? "-"} {c.SelfTicks?.ToString() ?? "-"} {c.EndedBy}";
}
