using System.Runtime.InteropServices;
using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Looks for saved contexts that point into a region: a thread in a signal handler comes back to where it was
/// interrupted. Nothing tells where its frame is, so every aligned word from rsp to the end of the mapping counts; a
/// stale word can only defer a region, never break one.
/// </summary>
/// <remarks>
/// A frame on an alternate stack tells where the interrupted code's stack is: it is followed there, since that code may
/// be a handler itself, with a frame of its own (arch/x86/include/uapi/asm/sigcontext.h: rsp, rip, flags, selectors).
/// </remarks>
sealed class StackScan
{
    const int ChunkSize = 64 * 1024;
    const int Word = sizeof(ulong);

    /// <summary>cs, gs, fs and ss of a saved context of 64-bit code: nothing else looks like it.</summary>
    const ulong SavedSelectors = 0x002b_0000_0000_0033;

    /// <summary>Words from the saved rsp to the selectors.</summary>
    const int SelectorsBehindStackPointer = 3;
    const int Kept = SelectorsBehindStackPointer * Word;

    /// <summary>A signal frame lies near the stack pointer of the handler; deeper than this is not looked.</summary>
    const ulong MaxDepth = 64ul << 20;

    /// <summary>
    /// Stacks of one thread that lead to each other; stale frames lead to some more. Also frames kept of one stack. Where there are more, what
    /// is looked for may be behind them: <see cref="IStackWords.Unseen"/>.
    /// </summary>
    const int MaxStacks = 64;

    readonly TargetProcess _target;
    readonly IReadOnlyDictionary<Tid, TargetAddress> _homes;
    readonly byte[] _buffer = new byte[Kept + ChunkSize]; // the last words of the chunk before, then the chunk
    readonly (ulong Start, ulong End)[] _seen = new (ulong, ulong)[MaxStacks];
    readonly ulong[] _starts;
    readonly ulong[] _ends;
    readonly int _mainStack;
    int _seenCount;

    /// <summary>Takes the writable mappings as they are now; a stack mapped later is read to its first hole.</summary>
    /// <param name="target">The target.</param>
    /// <param name="mappings">Its mappings.</param>
    /// <param name="homes">Descriptors of threads of which the kernel does not tell (<see cref="ThreadHomes"/>).</param>
    public StackScan(TargetProcess target, IReadOnlyList<MemoryMapping> mappings, IReadOnlyDictionary<Tid, TargetAddress> homes)
    {
        (_target, _homes) = (target, homes);
        MemoryMapping[] writable = [.. mappings.Where(m => (m.Permissions & MappingPermissions.Write) != 0)];
        _starts = [.. writable.Select(m => m.Start.Value)];
        _ends = [.. writable.Select(m => m.End.Value)];
        _mainStack = Array.FindIndex(writable, m => m.Path == "[stack]");
    }

    /// <summary>
    /// Tells <paramref name="words"/> of each word of the thread's stack within its bounds. A thread on another stack
    /// than its own (sigaltstack, a coroutine's) has its own looked at as well, whole: where it left off is not known.
    /// </summary>
    public void Scan(Tid tid, ulong stackPointer, IStackWords words)
    {
        _seenCount = 0;
        Follow(stackPointer, words);
        int home = HomeOf(tid);
        if (home >= 0 && (stackPointer < _starts[home] || stackPointer >= _ends[home])) Read(_starts[home], _ends[home], words);
    }

    /// <summary>Looks at what lies above <paramref name="stackPointer"/> and has not been looked at.</summary>
    void Follow(ulong stackPointer, IStackWords words)
    {
        ulong start = stackPointer & ~(ulong)(Word - 1), end = Math.Min(EndOf(start), start + MaxDepth);
        foreach ((ulong from, ulong to) in _seen.AsSpan(0, _seenCount))
        {
            if (start >= from && start < to) return;
            if (start < from) end = Math.Min(end, from);
        }
        if (_seenCount == MaxStacks)
        {
            words.Unseen();
            return;
        }
        _seen[_seenCount++] = (start, end);
        Read(start, end, words);
    }

    void Read(ulong at, ulong end, IStackWords words)
    {
        (TargetAddress low, TargetAddress high) = words.Bounds;
        Span<ulong> found = stackalloc ulong[MaxStacks]; // the buffer is not free before the last chunk
        int count = 0;
        ulong start = at, known = EndOf(at) == ulong.MaxValue ? at : end; // a frame that leads to where this goes on leads to nothing new
        _buffer.AsSpan(0, Kept).Clear();
        while (at < end)
        {
            int wanted = (int)Math.Min(ChunkSize, end - at);
            int read = _target.ReadMemory(new TargetAddress(at), _buffer.AsSpan(Kept, wanted)) & ~(Word - 1);
            ReadOnlySpan<ulong> chunk = MemoryMarshal.Cast<byte, ulong>(_buffer.AsSpan(0, Kept + read));
            for (int i = SelectorsBehindStackPointer; i < chunk.Length; i++)
            {
                ulong word = chunk[i];
                if (word >= low.Value && word < high.Value) words.Found(word);
                if (word != SavedSelectors || (chunk[i - SelectorsBehindStackPointer] is var saved && saved >= start && saved < known)) continue;
                if (count < MaxStacks) found[count++] = saved;
                else words.Unseen();
            }
            if (read < wanted) break;
            at += (ulong)read;
            _buffer.AsSpan(read, Kept).CopyTo(_buffer);
        }
        foreach (ulong stackPointer in found[..count]) Follow(stackPointer, words);
    }

    ulong EndOf(ulong address) => Find(address) is >= 0 and int index ? _ends[index] : ulong.MaxValue;

    /// <summary>The mapping of the thread's own stack: [stack] for the first thread, else the one that holds its descriptor.</summary>
    int HomeOf(Tid tid)
    {
        if (tid.Value == _target.Pid.Value) return _mainStack;
        if (tid == default) return -1; // the kernel would take it for the caller
        if (_homes.TryGetValue(tid, out TargetAddress descriptor)) return Find(descriptor.Value);
        return RobustList.HeadOf(tid) is { Ok: true, Value: not 0 } head ? Find(head.Value) : -1;
    }

    int Find(ulong address)
    {
        int index = Array.BinarySearch(_starts, address);
        if (index < 0) index = ~index - 1;
        return index >= 0 && address < _ends[index] ? index : -1;
    }
}
