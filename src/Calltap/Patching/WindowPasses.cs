using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>Takes the groups of a window through their passes, one after another.</summary>
/// <remarks>
/// The helper writes the passes of a group, by a list of its own system calls, so that breakpoints stand as shortly as can be and whatever
/// becomes of this process; where it can't, this process does, step by step.
/// <code>
/// Change -> BeginHeads -> [AllAtOnce | HeadsThenRest | ByTracer] -> (failed: Forward, from what is there)
/// </code>
/// </remarks>
sealed class WindowPasses(TargetProcess target, WindowTable table, IWindowGuard guard, RegionMap regions, ICoreSync sync, StepClock steps)
{
    const string NotWritten = "its page could not be written";
    const string BesideUnmapped = "another module was unmapped while it was to change: try again";
    static readonly TimeSpan s_clearDeadline = TimeSpan.FromSeconds(2);
    static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(1);

    /// <summary>Whether the helper writes where it can.</summary>
    public bool ByHelper { get; init; }

    /// <inheritdoc cref="TextPoker.Broken"/>
    public BrokenRules Broken { get; init; }

    /// <summary>Changes a group; why it was taken back, or null.</summary>
    public string? Change(PokeGroup group)
    {
        group.Begin();
        group.DropUnmapped(asked: false, begun: false);
        regions.Activate(group.Pokes);
        table.BeginHeads();
        IPassList? list = ByHelper && sync.Passes is { } passes && group.Fits(passes) ? passes : null;
        string? failure = list is null ? ByTracer(group) : group.NeedsClearing ? HeadsThenRest(group, list) : AllAtOnce(group, list);
        guard.Run(GuardPhase.Answer, s_clearDeadline); // who is parked goes on; and the next group is cleared anew
        steps.Mark("pass 3");
        return failure;
    }

    /// <summary>Nobody has to be seen in between.</summary>
    string? AllAtOnce(PokeGroup group, IPassList list)
    {
        list.Clear();
        AddHeads(group, list);
        int heads = list.Count;
        list.Write(table.StateAt, [Code.Emit.WindowTableLayout.Tails]);
        AddRest(group, list);
        int done = Run(list);
        return done == list.Count ? null : GoOn(group, done < heads);
    }

    string? HeadsThenRest(PokeGroup group, IPassList list)
    {
        list.Clear();
        AddHeads(group, list);
        if (Run(list) < list.Count) return GoOn(group, back: true);
        string? failure = See(group);
        group.DropUnmapped(asked: false, begun: true);
        Insist(KeepHandler);
        Insist(() => table.BeginTails(group.Deferred));
        list.Clear();
        AddRest(group, list);
        return Run(list) == list.Count ? failure : GoOn(group, back: false);
    }

    string? ByTracer(PokeGroup group)
    {
        string? failure;
        try
        {
            if (LeavesOut(BrokenRules.TailsBeforeBreakpoints)) OutOfOrder(group.WriteTails);
            group.WriteBreakpoints();
            SyncCores(); // I2: every core sees the breakpoints before any tail changes
            failure = See(group);
        }
        catch (Exception e) when (!IsGone)
        {
            // I12: nothing but heads has changed, and they go back.
            bool unmapped = group.DropUnmapped(asked: true, begun: false);
            group.Defer(group.Pokes, unmapped ? BesideUnmapped : e.Message);
            failure = unmapped ? null : e.Message;
        }
        Forward(group);
        return failure;
    }

    /// <summary>Step 3.</summary>
    string? See(PokeGroup group)
    {
        steps.Mark("pass 1");
        bool seen = !group.NeedsClearing || LeavesOut(BrokenRules.RegionsNotCleared) || AllSeen();
        if (seen) group.Defer(regions.Deferred, "a saved context of a thread points into it");
        else group.Defer(group.Pokes, "a thread of the target could not be looked at in time");
        steps.Mark("clear");
        return seen ? null : "a thread of the target could not be looked at in time";
    }

    bool AllSeen()
    {
        try
        {
            return guard.Run(GuardPhase.Clear, s_clearDeadline);
        }
        catch (Exception) when (!IsGone)
        {
            return false; // breakpoints stand: they are taken back
        }
    }

    /// <summary>A list has ended early: from what is there, back or on.</summary>
    string? GoOn(PokeGroup group, bool back)
    {
        bool unmapped = group.DropUnmapped(asked: true, begun: !back);
        if (back) group.Defer(group.Pokes, unmapped ? BesideUnmapped : NotWritten);
        Insist(group.ReadAgain, group);
        Forward(group);
        return back && !unmapped ? NotWritten : null; // the other groups' pages are there
    }

    void Forward(PokeGroup group)
    {
        group.DropUnmapped(asked: false, begun: true);
        Insist(KeepHandler);
        Insist(() => table.BeginTails(group.Deferred));
        if (LeavesOut(BrokenRules.HeadsBeforeTails)) Insist(() => OutOfOrder(group.WriteHeads), group);
        Insist(group.WriteTails, group); // and the heads of deferred sites
        if (group.HasTails) Insist(SyncCores); // I3: every core sees the tails before any head changes
        else Try(SyncCores); // I9: a core that may still execute a breakpoint would do so when the window is closed
        steps.Mark("pass 2");
        Insist(KeepHandler);
        group.DropUnmapped(asked: false, begun: true);
        Insist(group.WriteHeads, group);
        if (group.HasTails) Insist(SyncCores);
    }

    bool LeavesOut(BrokenRules rule) => (Broken & rule) != 0;

    void OutOfOrder(Action pass)
    {
        pass();
        steps.Mark("out of order");
    }

    void SyncCores()
    {
        if (!LeavesOut(BrokenRules.NoSync)) sync.SyncCores();
    }

    static void AddHeads(PokeGroup group, IPassList list)
    {
        group.AddBreakpoints(list);
        list.SyncCores(); // I2
    }

    static void AddRest(PokeGroup group, IPassList list)
    {
        group.AddTails(list);
        list.SyncCores(); // I3
        group.AddHeads(list);
        list.SyncCores();
    }

    /// <summary>How many entries of the list were done.</summary>
    int Run(IPassList list)
    {
        bool posted = false;
        int done = 0;
        Insist(() =>
        {
            bool again = posted;
            posted = true; // a target that is stopped answers when it goes on: nothing else is done before
            done = again ? list.Await() : list.Run();
        });
        Insist(KeepHandler);
        return done;
    }

    /// <summary>
    /// A breakpoint in a thread that blocks SIGTRAP has reset the action for all. The kernel is asked, not the guard: at the stop the thread
    /// blocks it no more, and may not yet have blocked it when it was seized (a signal handler does so for its time).
    /// </summary>
    void KeepHandler()
    {
        if (SignalActions.CatchesTrap(sync.HelperThread) != false) return;
        guard.NoteActionReset();
        table.InstallAgain(sync);
    }

    bool IsGone => guard.TargetGone || target.IsGone;

    /// <summary>A step that must succeed before the window may close: repeated until it does, or the target is gone.</summary>
    /// <param name="step">The step.</param>
    /// <param name="group">The group that it writes.</param>
    public void Insist(Action step, PokeGroup? group = null)
    {
        while (!IsGone)
        {
            try
            {
                step();
                return;
            }
            catch (Exception e) when (e is not AttachException || !IsGone)
            {
                // A stopped or frozen target, pages that are gone, or a write that another's byte has spoilt: the guard goes on answering.
                group?.DropUnmapped(asked: true, begun: true);
                Clock.Sleep(s_retry);
            }
        }
    }

    /// <summary>A step that can't be insisted on: in a target that is stopped, it is what has failed already.</summary>
    static void Try(Action step)
    {
        try
        {
            step();
        }
        catch (Exception e) when (e is TimeoutException or AttachException or SystemCallException)
        {
            // Every thread of it is in the kernel, and has long been when it comes back.
        }
    }
}
