using System.Diagnostics;

namespace Calltap.Managed;

/// <summary>How long threads that compile may be kept waiting: a part of the time that passes, and some seconds at first, when a program compiles most.</summary>
sealed class HoldBudget
{
    const double Share = 0.3;

    static readonly TimeSpan s_most = TimeSpan.FromSeconds(3);

    TimeSpan _left = s_most;
    long _since = Stopwatch.GetTimestamp();

    /// <summary>Whether there is some left.</summary>
    public bool Has
    {
        get
        {
            TimeSpan earned = Stopwatch.GetElapsedTime(_since) * Share;
            _since = Stopwatch.GetTimestamp();
            _left = _left + earned < s_most ? _left + earned : s_most;
            return _left > TimeSpan.Zero;
        }
    }

    /// <summary>Somebody has waited.</summary>
    public void Spend(TimeSpan waited) => _left -= waited;
}
