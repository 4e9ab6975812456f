namespace Calltap.Following;

/// <summary>What is done with the processes of a tree. Called by the thread that follows.</summary>
public interface IProcessTracing
{
    /// <summary>A process is to be traced: nothing is armed in its session yet, unless it was forked.</summary>
    /// <param name="process">The process, which has a session; it may be held until this returns.</param>
    /// <param name="before">Whose session its was copied from when it was forked, or the program before in the same process; null for none.</param>
    /// <param name="forked">Whether it was forked: what was armed in <paramref name="before"/> is armed in it.</param>
    void Began(FollowedProcess process, FollowedProcess? before, bool forked);

    /// <summary>A process that was traced has ended, executes another program, or is to be left: its session is disposed when this returns.</summary>
    void Ended(FollowedProcess process);

    /// <summary>A process could not be disarmed: another process can, when that is possible again.</summary>
    /// <param name="process">The process.</param>
    /// <param name="reason">Why, as one line.</param>
    void NotRestored(Pid process, string reason);

    /// <summary>A process can't be traced, though it is followed.</summary>
    /// <param name="process">The process.</param>
    /// <param name="reason">Why, as one line.</param>
    void NotTraced(Pid process, string reason);
}
