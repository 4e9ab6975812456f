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
sealed class StackScan
{
    const int ChunkSize = 64 * 1024;

    /// <summary>A signal frame lies near the stack pointer of the handler; deeper than this is not looked.</summary>
    const ulong MaxDepth = 64ul << 20;

    readonly TargetProcess _target;
    readonly byte[] _buffer = new byte[ChunkSize];
    readonly ulong[] _starts;
    readonly ulong[] _ends;
    readonly int _mainStack;

    /// <summary>Takes the writable mappings as they are now; a stack mapped later is read to its first hole.</summary>
    public StackScan(TargetProcess target, IReadOnlyList<MemoryMapping> mappings)
    {
        _target = target;
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
        ulong at = stackPointer & ~7ul;
        Scan(at, Math.Min(EndOf(at), at + MaxDepth), words);
        int home = HomeOf(tid);
        if (home >= 0 && (at < _starts[home] || at >= _ends[home])) Scan(_starts[home], _ends[home], words);
    }

    void Scan(ulong at, ulong end, IStackWords words)
    {
        (TargetAddress low, TargetAddress high) = words.Bounds;
        while (at < end)
        {
            int wanted = (int)Math.Min((ulong)ChunkSize, end - at);
            int read = _target.ReadMemory(new TargetAddress(at), _buffer.AsSpan(0, wanted));
            foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(_buffer.AsSpan(0, read & ~7)))
                if (word >= low.Value && word < high.Value) words.Found(word);
            if (read < wanted) return;
            at += (ulong)read;
        }
    }

    ulong EndOf(ulong address) => Find(address) is >= 0 and int index ? _ends[index] : ulong.MaxValue;

    /// <summary>The mapping of the thread's own stack: [stack] for the first thread, else the one that holds its descriptor.</summary>
    int HomeOf(Tid tid)
    {
        if (tid.Value == _target.Pid.Value) return _mainStack;
        return RobustList.HeadOf(tid) is { Ok: true, Value: not 0 } head ? Find(head.Value) : -1;
    }

    int Find(ulong address)
    {
        int index = Array.BinarySearch(_starts, address);
        if (index < 0) index = ~index - 1;
        return index >= 0 && address < _ends[index] ? index : -1;
    }
}
