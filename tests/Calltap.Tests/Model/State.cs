namespace Calltap.Tests.Model;

/// <summary>A state of target and tracer: what both share, and up to three threads.</summary>
/// <remarks>
/// <code>
/// Shared: bits 0-4 step, 5-6 the site within a pass, 7 guard, 8-9 tracer, 10-12 action, 13-14 table, 15 group,
///         from 16 on for each site 2 bits head, 1 tail, 2 turn, 1 deferred; 28 listed, 29 failed
/// </code>
/// </remarks>
readonly record struct State(ulong Shared, uint First, uint Second, uint Third)
{
    public const int MaxThreads = 3, MaxSites = 2;
    const int Sites = 16, SiteSize = 6;

    public Step Step => (Step)Get(0, 5);

    /// <summary>How many sites the present pass has done.</summary>
    public int Done => Get(5, 2);

    public bool Guarded => Get(7, 1) != 0;

    public Tracer Tracer => (Tracer)Get(8, 2);

    public TrapAction Action => (TrapAction)Get(10, 3);

    public TableState Table => (TableState)Get(13, 2);

    /// <summary>The group that changes now.</summary>
    public int Group => Get(15, 1);

    /// <summary>The helper makes the passes of this group by itself, from a list.</summary>
    public bool Listed => Get(28, 1) != 0;

    /// <summary>A group has gone back: the later ones are left untouched.</summary>
    public bool Failed => Get(29, 1) != 0;

    public Form Head(int site) => (Form)Get(Sites + SiteSize * site, 2);

    public Form Tail(int site) => (Form)Get(Sites + SiteSize * site + 2, 1);

    public Turn Turn(int site) => (Turn)Get(Sites + SiteSize * site + 3, 2);

    public bool Deferred(int site) => Get(Sites + SiteSize * site + 5, 1) != 0;

    public TargetThread this[int index] => new(index switch { 0 => First, 1 => Second, _ => Third });

    public State At(Step step) => Set(0, 5, (int)step).Set(5, 2, 0);

    public State WithDone(int sites) => Set(5, 2, sites);

    public State WithGuard(bool guarded) => Set(7, 1, guarded ? 1 : 0);

    public State With(Tracer tracer) => Set(8, 2, (int)tracer);

    public State With(TrapAction action) => Set(10, 3, (int)action);

    public State With(TableState table) => Set(13, 2, (int)table);

    public State WithGroup(int group) => Set(15, 1, group);

    public State WithListed(bool listed) => Set(28, 1, listed ? 1 : 0);

    public State WithFailed(bool failed) => Set(29, 1, failed ? 1 : 0);

    /// <summary>No group is under way.</summary>
    public State Grouped() => WithGroup(0).WithListed(false).WithFailed(false);

    public State WithTurn(int site, Turn turn) => Set(Sites + SiteSize * site + 3, 2, (int)turn);

    public State WithDeferred(int site, bool deferred = true) => Set(Sites + SiteSize * site + 5, 1, deferred ? 1 : 0);

    public State With(int index, TargetThread thread) => index switch
    {
        0 => this with { First = thread.Word },
        1 => this with { Second = thread.Word },
        _ => this with { Third = thread.Word },
    };

    /// <summary>A byte is written: from now on every core may see it, and may still see the one before.</summary>
    public State WriteHead(int site, Form form) => SetHead(site, form).Each(thread => thread.AlsoHead(site, form));

    /// <inheritdoc cref="WriteHead"/>
    public State WriteTail(int site, Form form) => SetTail(site, form).Each(thread => thread.AlsoTail(site, form));

    /// <summary>membarrier.</summary>
    public State SyncCores()
    {
        State next = this;
        for (int i = 0; i < MaxThreads; i++) next = next.With(i, next.Fresh(next[i]));
        return next;
    }

    /// <summary>A thread that comes back from the kernel by iret: it sees what is there.</summary>
    public TargetThread Fresh(TargetThread thread)
    {
        if (thread.IsChild || thread.Mode == Mode.Absent) return thread;
        for (int site = 0; site < MaxSites; site++) thread = thread.Seeing(site, Head(site), Tail(site));
        return thread;
    }

    /// <summary>The next window of a site: what was new is old, and the next turn comes. Where a window went back, the same turn comes again.</summary>
    public State NextTurn(int site)
    {
        if (Head(site) != Form.New) return WithDeferred(site, false);
        State next = SetHead(site, Form.Old).SetTail(site, Form.Old).WithTurn(site, (Turn)(((int)Turn(site) + 1) % 3));
        return next.Each(thread => thread.Aged(site));
    }

    public State Unseen()
    {
        State next = this;
        for (int i = 0; i < MaxThreads; i++) next = next.With(i, next[i].WithSeen(false));
        return next;
    }

    State Each(Func<TargetThread, TargetThread> change)
    {
        State next = this;
        for (int i = 0; i < MaxThreads; i++)
            if (!this[i].IsChild && this[i].Mode != Mode.Absent) next = next.With(i, change(this[i]));
        return next;
    }

    State SetHead(int site, Form form) => Set(Sites + SiteSize * site, 2, (int)form);

    State SetTail(int site, Form form) => Set(Sites + SiteSize * site + 2, 1, (int)form);

    int Get(int at, int width) => Bits.Get(Shared, at, width);

    State Set(int at, int width, int value) => this with { Shared = Bits.Set(Shared, at, width, value) };

    /// <inheritdoc/>
    public override int GetHashCode() =>
        (int)((Shared * 0x9e37_79b9_7f4a_7c15 ^ ((ulong)First << 32 | Second) * 0xc2b2_ae3d_27d4_eb4f ^ Third * 0x1656_67b1_9e37_79f9ul) >> 29);
}
