namespace Calltap.Tests.Model;

/// <summary>
/// What the writer does next; its words are those of <c>TextPoker.Poke</c> and <c>TextPoker.Window</c>. Once the tracer is dead, what the
/// helper does next (<c>WindowEndEmitter</c>).
/// </summary>
enum Step
{
    /// <summary>No window is open.</summary>
    Idle,
    Install,
    Open,

    /// <summary>Modelled where threads fork.</summary>
    Enter,
    BeginHeads,
    Breakpoints,
    SyncBreakpoints,
    Clear,
    KeepBeforeTails,
    BeginTails,
    Tails,
    SyncTails,
    KeepBeforeHeads,
    Heads,
    SyncHeads,

    /// <summary>The guard takes up another phase between two groups.</summary>
    Answer,
    Drain,
    End,
    Mend,
    Uninstall,
    Close,

    HelperLooks,
    HelperOldHeads,
    HelperTails,
    HelperSyncTails,
    HelperNewHeads,
    HelperSyncHeads,
    HelperCloses,

    /// <summary>The helper has left.</summary>
    Over,

    /// <summary>The process was ended in a way that docs/limits.md names.</summary>
    Ended,
}
