namespace Calltap.Trace;

/// <summary>
/// One of the stacks of a thread. Calls of a track nest; those of a signal handler or coroutine on a stack of its own, made while the first has open
/// calls, are on the thread's second track.
/// </summary>
/// <param name="Id">Different for all tracks: of a thread's first one its id in the file, of others a number that is no thread's.</param>
/// <param name="Stack">Its number in the thread, from 0.</param>
/// <param name="Thread">The thread's id in the file.</param>
/// <param name="Tid">The thread's own id.</param>
/// <param name="Pid">Its process.</param>
/// <param name="ThreadName">The thread's name; empty when it is not known.</param>
public sealed record Track(int Id, int Stack, Tid Thread, Tid Tid, Pid Pid, string ThreadName)
{
    /// <summary>A name to show.</summary>
    public string Name => (ThreadName.Length > 0 ? ThreadName : $"thread {Tid}") + (Stack > 0 ? $" (stack {Stack + 1})" : "");
}
