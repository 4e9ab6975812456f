namespace Calltap.Target;

/// <summary>Where the helper thread lives in the target.</summary>
/// <param name="CodeArea">Page-aligned address of an area that holds its code in the first <see cref="HelperCode.MaximumBytes"/> bytes; the rest is the caller's.</param>
/// <param name="CodeAreaSize">A multiple of the page size. Mapped private, anonymous, r-x; left mapped when the helper leaves.</param>
/// <param name="SharedSize">Memory shared with the helper, a multiple of the page size; the first <see cref="Mailbox.Bytes"/> are the mailbox.</param>
internal sealed record HelperOptions(TargetAddress CodeArea, ByteSize CodeAreaSize, ByteSize SharedSize)
{
    /// <summary>The area is mapped and holds the helper's code already, from an earlier helper.</summary>
    internal bool CodeAreaIsMapped { get; init; }

    /// <summary>How long a helper waits to be reached, before it leaves by itself.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Called when the helper has been made, and when its files are open: what a slow machine may do there is for tests to bring about.</summary>
    internal Action<int>? Reaching { get; init; }

    /// <summary>The ptrace thread that holds <see cref="HeldThread"/> in a stop; null to borrow any thread.</summary>
    internal PtraceThread? Holder { get; init; }

    /// <summary>The thread of the target that <see cref="Holder"/> holds.</summary>
    internal Tid HeldThread { get; init; }
}
