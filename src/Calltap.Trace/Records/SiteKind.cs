namespace Calltap.Trace;

/// <summary>What an event of a site means.</summary>
public enum SiteKind
{
    /// <summary>No event has this kind: the site is not in the table.</summary>
    Unknown = 0,

    /// <summary>The function was called.</summary>
    Entry = 1,

    /// <summary>The function is about to return.</summary>
    Exit = 2,

    /// <summary>The function is about to leave by a jump to another function; its caller will see that one return.</summary>
    TailExit = 3,

    /// <summary>The function was called, and nothing tells where in a tree: a goroutine's, which goes on with other threads and on other stacks.</summary>
    EntryAlone = 4,
}
