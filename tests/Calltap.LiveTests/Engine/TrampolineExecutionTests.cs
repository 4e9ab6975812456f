using Calltap.Code.Emit;

namespace Calltap.LiveTests.Engine;

/// <summary>The trampolines as machine code: every register and flag survives, and exactly the right event is written.</summary>
public sealed class TrampolineExecutionTests
{
    const ulong StatusFlags = 0x8d5; // OF SF ZF AF PF CF
    const ulong AlwaysOn = 0x202;    // IF and the bit that is always 1

    const uint ListNumber = 0x200; // the place of the op list, in qwords

    static readonly SessionMemoryLayout s_layout = new(4, 1 << 16, 64, Sites: 8);

    [Fact]
    public void Every_register_and_flag_survives_in_every_form_and_state()
    {
        using var run = new TrampolineExecution(s_layout);
        Trampolines forms = run.Trampolines;
        WriteList(run);
        // Off; then without a header; then claiming one; then the fast path, with room and without.
        run.Session(s_layout.CallerAt(5) & ~7L) = (ulong)ListNumber << 32; // site 5
        Action[] states = [() => run.IsOn = false, () => run.IsOn = true, () => run.Offer(0, 60), () => { }];
        foreach (Action state in states)
        {
            state();
            foreach (TargetAddress form in new[] { forms.GraphEntry, forms.GraphExit, forms.CountEntry, forms.ListEntry, forms.Caller })
                for (ulong seed = 1; seed <= 64; seed++)
                {
                    ulong flags = AlwaysOn | Spread(seed) & StatusFlags;
                    Assert.Equal(TrampolineExecution.Unchanged(seed, flags), run.Call(form, form == forms.ListEntry ? ListNumber : 5, seed, flags));
                }
            foreach (TargetAddress form in new[] { forms.GraphEntryFlagsDead, forms.CountEntryFlagsDead })
                Assert.Equal(TrampolineExecution.Unchanged(3, AlwaysOn)[..14], run.Call(form, 5, 3, AlwaysOn)[..14]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stub_that_counts_by_itself_changes_nothing_and_counts_every_call(bool flagsDead)
    {
        const int Calls = 64;
        using var run = new TrampolineExecution(s_layout);
        TargetAddress stub = run.CountingStub(9, flagsDead);
        int compared = flagsDead ? 14 : 16;
        Action[] states = [() => run.IsOn = false, () => run.IsOn = true, () => run.Offer(3, 60)];
        foreach (Action state in states)
        {
            state();
            for (ulong seed = 1; seed <= Calls; seed++)
            {
                ulong flags = AlwaysOn | Spread(seed) & StatusFlags;
                Assert.Equal(TrampolineExecution.Unchanged(seed, flags)[..compared], run.Call(stub, 0, seed, flags)[..compared]);
            }
        }
        Assert.Equal((ulong)Calls, run.Session(SessionMemoryLayout.UnattributedCounts)); // on, and without a header
        Assert.Equal((ulong)Calls, run.Session(s_layout.CountersAt(3) + 8 * 9));
    }

    [Fact]
    public void Entry_and_exit_of_a_call_have_one_stack_and_times_in_order()
    {
        using var run = new TrampolineExecution(s_layout);
        run.Offer(2, 100);
        run.Call(run.Trampolines.GraphEntry, 11, 1, AlwaysOn);
        run.Call(run.Trampolines.GraphExit, 12, 1, AlwaysOn);
        (ulong Time, uint Site, uint Stack) entry = run.Event(2, 0), exit = run.Event(2, 1);
        Assert.Equal((11u, 12u), (entry.Site, exit.Site));
        Assert.Equal(entry.Stack, exit.Stack);
        Assert.True(entry.Time > 0 && exit.Time > entry.Time);
        Assert.Equal(2ul * EventLayout.Size, run.Session(s_layout.HeaderAt(2) + ThreadHeaderLayout.Head));
    }

    [Fact]
    public void A_full_ring_loses_and_says_how_many()
    {
        using var run = new TrampolineExecution(s_layout);
        run.Offer(1, 3);
        for (int i = 0; i < 5; i++) run.Call(run.Trampolines.GraphEntry, 11, 1, AlwaysOn);
        for (int i = 0; i < 7; i++) run.Call(run.Trampolines.GraphExit, 12, 1, AlwaysOn);
        Assert.Equal(2ul, run.Session(s_layout.HeaderAt(1) + ThreadHeaderLayout.LostEntries));
        Assert.Equal(7ul, run.Session(s_layout.HeaderAt(1) + ThreadHeaderLayout.LostExits));
        Assert.Equal(0u, run.Event(1, 3).Site);
    }

    [Fact]
    public void Without_a_header_losses_are_told_apart()
    {
        using var run = new TrampolineExecution(s_layout);
        WriteList(run);
        for (int i = 0; i < 3; i++) run.Call(run.Trampolines.GraphEntry, 11, 1, AlwaysOn);
        for (int i = 0; i < 4; i++) run.Call(run.Trampolines.GraphExit, 12, 1, AlwaysOn);
        for (int i = 0; i < 5; i++) run.Call(run.Trampolines.CountEntry, 6, 1, AlwaysOn);
        run.Call(run.Trampolines.ListEntry, ListNumber, 1, AlwaysOn);
        Assert.Equal(4ul, run.Session(SessionMemoryLayout.UnattributedEntries));
        Assert.Equal(4ul, run.Session(SessionMemoryLayout.UnattributedExits));
        Assert.Equal(7ul, run.Session(SessionMemoryLayout.UnattributedCounts));
        run.IsOn = false;
        run.Call(run.Trampolines.GraphEntry, 11, 1, AlwaysOn);
        Assert.Equal(4ul, run.Session(SessionMemoryLayout.UnattributedEntries));
    }

    [Fact]
    public void Each_op_of_a_list_is_served()
    {
        using var run = new TrampolineExecution(s_layout);
        WriteList(run);
        run.Offer(0, 100);
        run.Call(run.Trampolines.ListEntry, ListNumber, 1, AlwaysOn);
        run.Call(run.Trampolines.ListEntry, ListNumber, 1, AlwaysOn);
        Assert.Equal(2ul, run.Session(s_layout.CountersAt(0) + 8 * 20));
        Assert.Equal(2ul, run.Session(s_layout.CountersAt(0) + 8 * 21));
        Assert.Equal(5u, run.Event(0, 1).Site);
        Assert.Equal(0u, run.Event(0, 2).Site);
    }

    [Fact]
    public void The_caller_asks_each_op_and_says_when_all_refuse()
    {
        using var run = new TrampolineExecution(s_layout);
        WriteLists(run, [2, Refuse, OpListLayout.Entry(OpListLayout.Graph, 0), Refuse, OpListLayout.Entry(OpListLayout.Count, 20), 0], [3, Refuse, Refuse, 0], [4, Refuse, OpListLayout.Entry(OpListLayout.GraphExit, 0), 0]);
        run.Offer(0, 3);
        for (int i = 0; i < 4; i++)
            foreach (uint site in new[] { 2u, 3u, 4u }) run.Call(run.Trampolines.Caller, site, 1, AlwaysOn);
        Assert.Equal(4ul, run.Session(SessionMemoryLayout.Refused));
        Assert.Equal(4ul, run.Session(s_layout.CountersAt(0) + 8 * 20));
        Assert.Equal([2u, 4u, 2u], Enumerable.Range(0, 3).Select(i => run.Event(0, i).Site));
        Assert.Equal(run.Event(0, 0).Stack, run.Event(0, 1).Stack);
        Assert.Equal(2ul, run.Session(s_layout.HeaderAt(0) + ThreadHeaderLayout.LostEntries));
        Assert.Equal(3ul, run.Session(s_layout.HeaderAt(0) + ThreadHeaderLayout.LostExits));
    }

    static ulong Refuse => OpListLayout.Entry(OpListLayout.Refuse, 0);

    /// <summary>Lists of the caller for sites 2, 3 and so on.</summary>
    static void WriteLists(TrampolineExecution run, params ulong[][] lists)
    {
        int at = 0;
        for (int i = 0; i < lists.Length; i++)
        {
            int site = 2 + i, half = 32 * (site % 2);
            run.Session(s_layout.CallerAt(site) & ~7L) |= (ulong)at << half;
            foreach (ulong word in lists[i]) run.Lists(8L * at++) = word;
        }
    }

    /// <summary>Site 5: recorded, and counted in counters 20 and 21.</summary>
    static void WriteList(TrampolineExecution run)
    {
        ulong[] words = [5, OpListLayout.Entry(OpListLayout.Graph, 0), OpListLayout.Entry(OpListLayout.Count, 20), OpListLayout.Entry(OpListLayout.Count, 21), 0];
        for (int i = 0; i < words.Length; i++) run.Lists(8L * (ListNumber + i)) = words[i];
    }

    /// <summary>The seed's six low bits, at the places of the six flags.</summary>
    static ulong Spread(ulong seed) =>
        seed & 1 | (seed >> 1 & 1) << 2 | (seed >> 2 & 1) << 4 | (seed >> 3 & 1) << 6 | (seed >> 4 & 1) << 7 | (seed >> 5 & 1) << 11;
}
