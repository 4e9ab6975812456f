namespace Calltap.Patching;

/// <summary>What a scan of a stack looks for. Called by the guard: allocates nothing.</summary>
interface IStackWords
{
    /// <summary>Words below the first and from the second on are of no interest.</summary>
    (TargetAddress Low, TargetAddress High) Bounds { get; }

    /// <summary>A word within the bounds.</summary>
    void Found(ulong word);

    /// <summary>There may be words that were not looked at: a limit was reached.</summary>
    void Unseen();
}
