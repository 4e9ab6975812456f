using System.Buffers.Binary;

namespace Calltap.Symbols;

/// <summary>Sections whose content is addresses of code: __patchable_function_entries and __rseq_cs.</summary>
internal static class AddressSections
{
    private const int RseqCsSize = 32;
    private const int SignatureSize = 4;

    /// <summary>Where -fpatchable-function-entry put its nops, sorted; with =N,M (M > 0) that is in front of the function.</summary>
    public static ImageAddress[] PatchableEntries(ElfFile file, CodeMap code)
    {
        var entries = new List<ulong>();
        if (file.FindSection("__patchable_function_entries") is { } section)
        {
            var words = new AddressWords(file, section);
            for (var offset = 0; offset + 8 <= words.Length; offset += 8)
                if (code.Contains(words[offset]))
                    entries.Add(words[offset]);
        }

        return AddressList.SortedDistinct(entries);
    }

    /// <summary>
    /// What the kernel takes for restartable sequences (struct rseq_cs of linux/rseq.h): [start_ip, start_ip + post_commit_offset) and the
    /// signature in the 4 bytes before abort_ip.
    /// </summary>
    public static ImageRange[] RseqRanges(ElfFile file, CodeMap code)
    {
        var ranges = new List<ImageRange>();
        if (file.FindSection("__rseq_cs") is { } section)
        {
            // u32 version, u32 flags, u64 start_ip, u64 post_commit_offset, u64 abort_ip
            var words = new AddressWords(file, section);
            for (var offset = 0; offset + RseqCsSize <= words.Length; offset += RseqCsSize)
            {
                AddRange(ranges, code, words[offset + 8], words[offset + 16]);
                AddRange(ranges, code, unchecked(words[offset + 24] - SignatureSize), SignatureSize);
            }
        }

        ranges.Sort((left, right) => left.Start.CompareTo(right.Start));
        return [.. ranges];
    }

    private static void AddRange(List<ImageRange> ranges, CodeMap code, ulong start, ulong size)
    {
        var end = code.EndOf(start);
        if (end != 0 && size > 0)
            ranges.Add(new(new(start), new((long)Math.Min(size, end - start))));
    }

    // The 8-byte words of a section, relocated with a bias of zero.
    private readonly struct AddressWords(ElfFile file, ElfSection section)
    {
        private readonly RelativeRelocations _relocations = RelativeRelocations.Of(file, section);
        private readonly ReadOnlyMemory<byte> _bytes = file.Image.Slice((int)section.Offset, file.Bytes(section).Length);

        public int Length => _bytes.Length;

        public ulong this[int offset] =>
            _relocations.Word(unchecked(section.Address + (ulong)offset), BinaryPrimitives.ReadUInt64LittleEndian(_bytes.Span[offset..]));
    }
}
