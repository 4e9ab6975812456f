using Calltap.Probes;

namespace Calltap.Litmus;

/// <summary>What the target of a litmus does all the time, and how its windows are widened: with and without the rule alike.</summary>
/// <param name="Kind">The letter that the program hammer takes.</param>
/// <param name="Globs">The functions that are armed, then disarmed, in turn.</param>
/// <param name="Threads">How many threads call them.</param>
sealed record LitmusCase(char Kind, IReadOnlyList<string> Globs, int Threads)
{
    /// <summary>Between two passes threads get the time for some calls.</summary>
    public bool Pauses { get; init; }

    /// <summary>
    /// Before the heads are written some thread has taken a breakpoint and is kept from reporting it, for at most so
    /// long; until then the window goes on.
    /// </summary>
    public TimeSpan Keeps { get; init; }

    /// <summary>It is kept until the guard of the next window has seized it, not only until its own window has closed.</summary>
    public bool KeepsOn { get; init; }

    /// <summary>Functions that begin with one instruction of five bytes.</summary>
    public static LitmusCase Single { get; } = new('s', ["single_*"], 4) { Pauses = true };

    /// <summary>The same, with the head and the tail in two cache lines or pages; as many threads as run at a time.</summary>
    public static LitmusCase Crossing { get; } = new('c', ["crossing_*"], Math.Clamp(Environment.ProcessorCount, 1, 4));

    /// <summary>Functions that threads are interrupted in the region of.</summary>
    public static LitmusCase Inside { get; } = new('i', ["inside_*"], 8);

    /// <summary>The same, with signal handlers that return there.</summary>
    public static LitmusCase Handled { get; } = new('h', ["inside_*"], 4);

    /// <summary>A thread that reports its breakpoint only when its window is closed, or waited for it.</summary>
    public static LitmusCase Kept { get; } = new('k', ["single_*"], 3) { Keeps = TimeSpan.FromMilliseconds(200) };

    /// <summary>A thread that reports its breakpoint in the next window, which changes other sites.</summary>
    public static LitmusCase KeptOn { get; } = new('k', ["single_0,single_1,single_2,single_3", "single_4,single_5,single_6,single_7"], 3)
    {
        Keeps = TimeSpan.FromMilliseconds(700),
        KeepsOn = true,
    };

    /// <summary>An op for each set of functions.</summary>
    public IReadOnlyList<Op> Ops() =>
        [.. Globs.Select(globs => new Op(OpKind.Count, FunctionFilter.Parse(globs.Split(','), []), globs))];
}
