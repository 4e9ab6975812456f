namespace Calltap.Trace;

/// <summary>A thread in a trace.</summary>
/// <param name="Id">Its id in the file.</param>
/// <param name="Tid">Its own id.</param>
/// <param name="Pid">Its process.</param>
/// <param name="Name">Its name; empty when it is not known.</param>
/// <param name="Events">Events recorded.</param>
/// <param name="LostEntries">Entry events lost.</param>
/// <param name="LostExits">Exit events lost.</param>
/// <param name="Holes">Events of unknown kind that were reserved and never written.</param>
public sealed record ThreadInfo(Tid Id, Tid Tid, Pid Pid, string Name, long Events, long LostEntries, long LostExits, long Holes);
