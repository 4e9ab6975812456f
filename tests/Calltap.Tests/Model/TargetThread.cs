namespace Calltap.Tests.Model;

/// <summary>One thread of the target.</summary>
/// <remarks>
/// Its view of a site's head and tail is the set of bytes that its core may execute: all that stood there since it last serialised. A
/// fork's child has memory of its own, which nobody writes: there the view is the memory.
/// <code>
/// bits 0-2 place, 3 site, 4-8 mode, 9-10 saved, 11 seen, 12 sent, 13 child, then for each site 3 bits heads, 2 bits tails; 24-25 looked at
/// </code>
/// </remarks>
readonly record struct TargetThread(uint Word)
{
    const int Views = 14, ViewSize = 5, HeadForms = 3, TailForms = 2, Looks = 24;

    public static readonly TargetThread Absent = new TargetThread().Now(Mode.Absent);

    public Place Place => (Place)Get(0, 3);

    public int Site => Get(3, 1);

    public Mode Mode => (Mode)Get(4, 5);

    /// <summary>Whose instruction a signal handler returns to.</summary>
    public Saved Saved => (Saved)Get(9, 2);

    /// <summary>The present phase of the guard has seen it.</summary>
    public bool Seen => Get(11, 1) != 0;

    /// <summary>Its SIGTRAP was sent by somebody (kill), not raised by a breakpoint.</summary>
    public bool Sent => Get(12, 1) != 0;

    /// <summary>How far the onlooker has come with it while it runs, and it has taken no signal since.</summary>
    public Looked Looked => (Looked)Get(Looks, 2);

    public bool IsChild => Get(13, 1) != 0;

    public bool IsAt(Place place, int site) => Place == place && Site == site;

    public bool MaySeeHead(int site, Form form) => (Get(Views + ViewSize * site, HeadForms) >> (int)form & 1) != 0;

    public bool MaySeeTail(int site, Form form) => (Get(Views + ViewSize * site + HeadForms, TailForms) >> (int)form & 1) != 0;

    public TargetThread At(Place place, int site = 0) => Set(0, 3, (int)place).Set(3, 1, site);

    public TargetThread Now(Mode mode) => Set(4, 5, (int)mode);

    public TargetThread Saving(Saved saved) => Set(9, 2, (int)saved);

    public TargetThread WithSeen(bool seen = true) => Set(11, 1, seen ? 1 : 0).With(Looked.No);

    public TargetThread With(Looked looked) => Set(Looks, 2, (int)looked);

    public TargetThread WithSent(bool sent) => Set(12, 1, sent ? 1 : 0);

    public TargetThread AsChild() => Set(13, 1, 1);

    /// <summary>A byte was written.</summary>
    public TargetThread AlsoHead(int site, Form form) =>
        Set(Views + ViewSize * site, HeadForms, Get(Views + ViewSize * site, HeadForms) | 1 << (int)form);

    /// <inheritdoc cref="AlsoHead"/>
    public TargetThread AlsoTail(int site, Form form) =>
        Set(Views + ViewSize * site + HeadForms, TailForms, Get(Views + ViewSize * site + HeadForms, TailForms) | 1 << (int)form);

    /// <summary>Its core has serialised: it sees what is there.</summary>
    public TargetThread Seeing(int site, Form head, Form tail) =>
        Set(Views + ViewSize * site, ViewSize, 1 << (int)head | 1 << (int)tail << HeadForms);

    /// <summary>The next window: what was new is old. A breakpoint that it may still see stays one.</summary>
    public TargetThread Aged(int site)
    {
        int heads = Get(Views + ViewSize * site, HeadForms), int3 = heads & 1 << (int)Form.Int3;
        return Set(Views + ViewSize * site, ViewSize, int3 | 1 << (int)Form.Old | 1 << (int)Form.Old << HeadForms);
    }

    int Get(int at, int width) => Bits.Get(Word, at, width);

    TargetThread Set(int at, int width, int value) => new((uint)Bits.Set(Word, at, width, value));
}
