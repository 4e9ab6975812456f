namespace Calltap.Managed;

/// <summary>What a runtime writes of each method that it compiles.</summary>
interface IPerfMap : IDisposable
{
    /// <summary>Whether it is written because another asked for it.</summary>
    bool IsForeign { get; }

    /// <summary>Whether there are lines that were not read yet.</summary>
    bool HasGrown { get; }

    /// <summary>Reads the lines that have come since.</summary>
    IReadOnlyList<PerfMapLine> ReadNew();

    /// <summary>Lets go whoever has written what was read so far.</summary>
    void Release();

    /// <summary>Which methods are waited for before they are called, where that is possible; null for none.</summary>
    Func<string, bool>? Waits { set; }

    /// <summary>How many methods were waited for, and how many were not because there were too many, or it took too long.</summary>
    (int Held, int Hurried) Waited { get; }
}
