using System.Runtime.InteropServices;
using Calltap.Code.Emit;
using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>
/// musl tells the kernel nothing about its descriptors, but they form a ring (<see cref="MuslThreadRing"/>): one is found in the target's
/// memory by its shape, and the ring leads to all.
/// </summary>
sealed class MuslThreads(TargetProcess target) : IThreadDescriptors
{
    const int ChunkSize = 1 << 20;
    const long MaxSearched = 256L << 20; // a descriptor lies in the C library's own data, in the heap, or at the top of a thread's stack
    const int MaxSearches = 3;

    static readonly TimeSpan s_betweenSearches = TimeSpan.FromMilliseconds(200);

    MuslThreadRing? _ring;
    int _searches;
    Deadline _nextSearch;

    /// <inheritdoc/>
    public ThreadDescriptorLayout? LayoutOf(Tid tid, ThreadDescriptorLayout? known)
    {
        int id = target.ReadStatus(tid)?.NamespaceId ?? 0;
        if (id == 0) return null;
        if (known is { Tid: var offset } && _ring?.Contains(id, offset) == true) return known;
        _ring = Rings().FirstOrDefault(ring => IsOf(ring, id, known)) ?? _ring;
        if (_ring?.FindTidOffset(Threads()) is int found && known is null) known = new ThreadDescriptorLayout(found, null);
        return known is not null && _ring?.Contains(id, known.Value.Tid) == true ? known : null;
    }

    /// <summary>The descriptors of all threads that have one now.</summary>
    public IReadOnlyDictionary<Tid, TargetAddress> ReadAddresses()
    {
        var addresses = new Dictionary<Tid, TargetAddress>();
        ThreadDescriptorLayout? layout = null;
        foreach (Tid tid in target.ReadThreads())
        {
            ThreadDescriptorLayout? found = LayoutOf(tid, layout);
            layout ??= found;
            if (found is { Tid: var offset } && target.ReadStatus(tid) is { } status)
                addresses[tid] = new TargetAddress(_ring!.Find(status.NamespaceId, offset));
        }
        return addresses;
    }

    bool IsOf(MuslThreadRing ring, int id, ThreadDescriptorLayout? known) =>
        (known?.Tid ?? ring.FindTidOffset(Threads())) is int offset && ring.Contains(id, offset);

    /// <summary>The ring as it is now, from each descriptor that was in it: one of a thread that has ended leads nowhere.</summary>
    IEnumerable<MuslThreadRing> Rings()
    {
        var seen = new HashSet<ulong>();
        foreach (ulong start in Starts())
        {
            if (seen.Contains(start) || MuslThreadRing.Walk(Read, start) is not { } ring) continue;
            seen.UnionWith(ring.Addresses);
            yield return ring;
        }
    }

    IEnumerable<ulong> Starts()
    {
        foreach (ulong address in _ring?.Addresses ?? []) yield return address;
        foreach (ulong address in Search()) yield return address;
    }

    int Read(ulong address, Span<byte> bytes) => target.ReadMemory(new TargetAddress(address), bytes);

    HashSet<int> Threads() => [.. target.ReadThreads().Select(target.ReadStatus).OfType<ProcStatus>().Select(status => status.NamespaceId)];

    List<ulong> Search()
    {
        if (_searches == MaxSearches || (_searches > 0 && !_nextSearch.IsPast)) return [];
        _searches++;
        List<ulong> found = [.. Places().SelectMany(Descriptors)];
        _nextSearch = Deadline.In(s_betweenSearches);
        return found;
    }

    /// <summary>Private memory that may be written: data of files and what follows them first, then by size.</summary>
    IEnumerable<MemoryMapping> Places()
    {
        const MappingPermissions ReadWrite = MappingPermissions.Read | MappingPermissions.Write;
        long searched = 0;
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        var behindFile = mappings.Zip(mappings.Skip(1)).Where(pair => pair.First.IsFile && pair.First.End == pair.Second.Start).Select(pair => pair.Second.Start).ToHashSet();
        return mappings.Where(m => !m.IsShared && (m.Permissions & ReadWrite) == ReadWrite)
            .OrderByDescending(m => m.IsFile || m.Path == "[heap]" || behindFile.Contains(m.Start)).ThenBy(m => m.Size.Value)
            .TakeWhile(m => (searched += m.Size.Value) <= MaxSearched);
    }

    List<ulong> Descriptors(MemoryMapping mapping)
    {
        var found = new List<ulong>();
        var chunk = new byte[Math.Min(ChunkSize, mapping.Size.Value)];
        for (TargetAddress at = mapping.Start; at < mapping.End; at += ChunkSize)
        {
            Span<byte> bytes = chunk.AsSpan(0, (int)Math.Min(chunk.Length, mapping.End - at));
            bytes = bytes[..target.ReadMemory(at, bytes)];
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
            for (int i = 0; i < words.Length; i++)
                if (words[i] == at.Value + (ulong)(i * sizeof(ulong)) && IsDescriptor(words[i])) found.Add(words[i]);
        }
        return found;
    }

    // Read again: it may go on in the next chunk.
    bool IsDescriptor(ulong address)
    {
        Span<byte> bytes = stackalloc byte[MuslThreadRing.DescriptorSize];
        return Read(address, bytes) == bytes.Length && MuslThreadRing.IsDescriptor(bytes, address);
    }
}
