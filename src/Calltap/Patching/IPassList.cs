using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Writes and syncs that the helper thread makes by itself, one after another, whatever the tracer does meanwhile: a pass needs no
/// answer in between, and breakpoints stand for a shorter time.
/// </summary>
interface IPassList
{
    /// <summary>Whether so many bytes in so many writes, each in three passes with a look before it, have room.</summary>
    bool Fits(long bytes, int writes);

    /// <summary>An empty list.</summary>
    void Clear();

    /// <summary>Entries so far.</summary>
    int Count { get; }

    /// <summary>Adds a write into the target's memory; the bytes are copied.</summary>
    void Write(TargetAddress address, ReadOnlySpan<byte> bytes);

    /// <summary>Adds a look: the list ends here unless these four bytes, aligned, are what they are expected to be.</summary>
    void Expect(TargetAddress address, ReadOnlySpan<byte> bytes);

    /// <summary>Adds a sync of all cores.</summary>
    void SyncCores();

    /// <summary>Has it all done.</summary>
    /// <returns>How many entries were done: fewer than <see cref="Count"/> when one failed.</returns>
    /// <exception cref="AttachException">The target ended.</exception>
    /// <exception cref="TimeoutException">The target is stopped or frozen: ask <see cref="Await"/> again.</exception>
    int Run();

    /// <summary>Waits for a list that was handed over.</summary>
    /// <inheritdoc cref="Run"/>
    int Await();
}
