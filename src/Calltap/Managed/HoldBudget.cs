using System.Diagnostics;

namespace Calltap.Managed;

/// <summary>How long threads that compile may be kept waiting: a part of the time that passes, and more at once, after a time without.</summary>
/// <param name="limits">How long.</param>
sealed class HoldBudget(HoldBudget.Limits limits)
{
    /// <summary>How long one waits at most.</summary>
    /// <param name="Once">One thread.</param>
    /// <param name="InARow">All together, after a time without.</param>
    public readonly record struct Limits(TimeSpan Once, TimeSpan InARow);

    const double Share = 0.25;

    readonly Limits _limits = limits;
    TimeSpan _left = limits.InARow;
    long _since = Stopwatch.GetTimestamp();

    /// <summary>Whether there is some left.</summary>
    public bool Has
    {
        get
        {
            TimeSpan earned = Stopwatch.GetElapsedTime(_since) * Share;
            _since = Stopwatch.GetTimestamp();
            _left = _left + earned < _limits.InARow ? _left + earned : _limits.InARow;
            return _left > TimeSpan.Zero;
        }
    }

    /// <summary>Whether who waits since then has waited long enough.</summary>
    public bool IsOver(long since) => Stopwatch.GetElapsedTime(since) > _limits.Once;

    /// <summary>Somebody has waited.</summary>
    public void Spend(TimeSpan waited) => _left -= waited;
}
