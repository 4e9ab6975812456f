namespace Calltap.Trace;

/// <summary>
/// A visitor that leaves some of its work on what was delivered for later: what needs no order. Who has made the delivery does it while the next events of the same thread are
/// delivered by another, so that one thread's events keep several processors busy.
/// </summary>
interface IDeferringVisitor : IEventVisitor
{
    /// <summary>What is left to do of the last delivery, at the same time as anything else; null for nothing.</summary>
    Action? TakeDeferred();
}
