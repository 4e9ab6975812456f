namespace Calltap.Patching;

/// <summary>
/// The processes forked in a window: each is stopped, with the window's breakpoints in its own copy of the text, until
/// the guard leaves; whoever closes the window mends it first. Filled by the guard, read by the batch's thread.
/// </summary>
sealed class ForkChildren
{
    /// <summary>More forks than this in one window are held back by making the window fail, not by losing one.</summary>
    const int Max = 4096;

    readonly Pid[] _pids = new Pid[Max];
    volatile int _count; // published after the element; pairs with All

    /// <summary>Those held so far.</summary>
    public ReadOnlySpan<Pid> All => _pids.AsSpan(0, _count);

    /// <exception cref="InvalidOperationException">Too many.</exception>
    public void Add(Pid child)
    {
        if (_count == Max) throw new InvalidOperationException($"{Max} forks in one window");
        _pids[_count] = child;
        _count++;
    }
}
