using System.Buffers.Binary;
using Calltap.Target;

namespace Calltap.Modules;

/// <summary>
/// What the target's dynamic linker says of its work (struct r_debug of link.h, found through DT_DEBUG of the program). Everything is read out of the
/// target's memory: what makes no sense counts as nothing said.
/// </summary>
sealed class DynamicLinker(TargetProcess target)
{
    const ulong AT_PHDR = 3, AT_PHNUM = 5;
    const uint PT_DYNAMIC = 2, PT_PHDR = 6;
    const ulong DT_NULL = 0, DT_DEBUG = 21;
    const int RT_CONSISTENT = 0, RT_ADD = 1, RT_DELETE = 2;
    const int HeaderSize = 56, HeaderAddress = 16, EntrySize = 16, MaxHeaders = 64, MaxEntries = 256;
    const int State = 24, Next = 40, DebugSize = 48; // r_next since version 2: a namespace of dlmopen each
    const int MaxNamespaces = 16;

    TargetAddress _entry; // DT_DEBUG's value; the linker fills it in

    /// <summary>
    /// Whether it adds or removes nothing at this moment. Before glibc 2.41 it says so before it relocates what it has added. True where it says nothing.
    /// </summary>
    public bool IsConsistent()
    {
        if (_entry == default && (_entry = FindEntry()) == default) return true;
        Span<byte> debug = stackalloc byte[DebugSize];
        TargetAddress at = Pointer(_entry);
        for (int i = 0; i < MaxNamespaces && at != default && target.ReadMemory(at, debug) == debug.Length; i++)
        {
            int version = BinaryPrimitives.ReadInt32LittleEndian(debug), state = BinaryPrimitives.ReadInt32LittleEndian(debug[State..]);
            if (state is RT_ADD or RT_DELETE) return false;
            if (version < 2 || state != RT_CONSISTENT) break;
            at = new(BinaryPrimitives.ReadUInt64LittleEndian(debug[Next..]));
        }
        return true;
    }

    TargetAddress Pointer(TargetAddress address)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        return target.ReadMemory(address, word) == word.Length ? new(BinaryPrimitives.ReadUInt64LittleEndian(word)) : default;
    }

    TargetAddress FindEntry()
    {
        (ulong headers, ulong count) = FindHeaders();
        var bytes = new byte[HeaderSize * (int)Math.Min(count, MaxHeaders)];
        if (headers == 0 || target.ReadMemory(new(headers), bytes) != bytes.Length) return default;
        if (AddressOf(bytes, PT_PHDR) is not { } self || AddressOf(bytes, PT_DYNAMIC) is not { } dynamic) return default;
        var entries = new byte[EntrySize * MaxEntries];
        TargetAddress start = new(unchecked(dynamic + headers - self));
        int read = target.ReadMemory(start, entries);
        for (int at = 0; at + EntrySize <= read; at += EntrySize)
        {
            ulong tag = BinaryPrimitives.ReadUInt64LittleEndian(entries.AsSpan(at));
            if (tag == DT_DEBUG) return start + (at + sizeof(ulong));
            if (tag == DT_NULL) break;
        }
        return default;
    }

    (ulong Address, ulong Count) FindHeaders() => (target.ReadAuxiliary(AT_PHDR), target.ReadAuxiliary(AT_PHNUM));

    static ulong? AddressOf(ReadOnlySpan<byte> headers, uint type)
    {
        for (; headers.Length >= HeaderSize; headers = headers[HeaderSize..])
            if (BinaryPrimitives.ReadUInt32LittleEndian(headers) == type) return BinaryPrimitives.ReadUInt64LittleEndian(headers[HeaderAddress..]);
        return null;
    }
}
