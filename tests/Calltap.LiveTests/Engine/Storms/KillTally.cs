namespace Calltap.LiveTests.Engine.Storms;

/// <summary>Where kills have fallen, as seen from outside.</summary>
sealed class KillTally
{
    /// <summary>Kills.</summary>
    public int Kills { get; set; }

    /// <summary>Before a session could be found in the target: while it attached, or earlier.</summary>
    public int Unannounced { get; set; }

    /// <summary>With a session, outside every window.</summary>
    public int BetweenWindows { get; set; }

    /// <summary>In a window, heads alone changed: the helper took them back.</summary>
    public int HeadsOnly { get; set; }

    /// <summary>In a window, tails or new heads written: the helper went on.</summary>
    public int Tails { get; set; }

    /// <summary>In a window all of whose sites had been left out, or whose bytes do not tell.</summary>
    public int OtherInWindow { get; set; }

    /// <summary>Of those in a window: breakpoints were read in the text right after the kill, before the helper was done.</summary>
    public int SeenStanding { get; set; }

    /// <summary>Sessions restored by the command line tool.</summary>
    public int ByCommand { get; set; }

    /// <summary>Sessions restored by <see cref="LeftSession.Restore"/>.</summary>
    public int ByRestore { get; set; }

    /// <summary>Targets that lived through a number of kills each.</summary>
    public int Targets { get; set; }

    readonly Dictionary<string, double> _seconds = [];

    /// <summary>Adds the time that a step took.</summary>
    public void Took(string step, TimeSpan time) => _seconds[step] = _seconds.GetValueOrDefault(step) + time.TotalSeconds;

    /// <summary>Where the time went.</summary>
    public string Times => string.Join(", ", _seconds.Select(step => $"{step.Key} {step.Value:0.0} s"));

    /// <summary>Between the first breakpoint and the last sync.</summary>
    public int InWindow => HeadsOnly + Tails + OtherInWindow;

    public override string ToString() =>
        $"{Kills} kills in {Targets} targets: {InWindow} in a window (heads only {HeadsOnly}, tails {Tails}, other {OtherInWindow}; breakpoints seen in the text after {SeenStanding}), "
        + $"{BetweenWindows} between windows, {Unannounced} before a session could be found; restored by calltap detach {ByCommand}, by LeftSession.Restore {ByRestore}";
}
