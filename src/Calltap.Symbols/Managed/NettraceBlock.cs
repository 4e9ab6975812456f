namespace Calltap.Symbols;

/// <summary>
/// The blobs of an EventBlock or MetadataBlock (EventPipeFormat.md, "Header compression"). The header's flags say whether blobs have whole headers or only what is not as in
/// the one before.
/// </summary>
internal static class NettraceBlock
{
    private const int HeaderSizeAndFlags = 4, IsCompressed = 1, KindMask = int.MaxValue, Alignment = 4, GuidSize = 16;

    // What the first byte of a compressed header says is there.
    private const int HasKind = 1, HasSequence = 2, HasThread = 4, HasStack = 8, HasActivity = 16, HasRelated = 32, HasSize = 128;

    /// <summary>Sequence number, thread, capturing thread, processor, stack, time, two activities.</summary>
    private const int BetweenKindAndSize = 4 + 8 + 8 + 4 + 4 + 8 + GuidSize + GuidSize;

    /// <exception cref="ElfFormatException">It is damaged.</exception>
    public static IEnumerable<NettraceBlob> Read(NettraceCursor block)
    {
        int size = block.UInt16(), flags = block.UInt16();
        block.Skip(size - HeaderSizeAndFlags);
        int kind = 0, length = 0;
        while (!block.IsAtEnd)
        {
            if ((flags & IsCompressed) == 0)
                yield return Whole(block);
            else
            {
                ReadCompressed(block, ref kind, ref length);
                yield return new(kind, block.Part(length));
            }
        }
    }

    private static NettraceBlob Whole(NettraceCursor block)
    {
        block.Skip(sizeof(int)); // its size
        var kind = block.Int32() & KindMask;
        block.Skip(BetweenKindAndSize);
        var payload = block.Part(block.Int32());
        block.Skip(-block.Offset & (Alignment - 1));
        return new(kind, payload);
    }

    private static void ReadCompressed(NettraceCursor block, ref int kind, ref int length)
    {
        var has = block.Byte();
        if ((has & HasKind) != 0)
            kind = (int)block.Variable(32);
        if ((has & HasSequence) != 0)
        {
            block.Variable(32); // sequence number
            block.Variable(64); // capturing thread
            block.Variable(32); // processor
        }

        if ((has & HasThread) != 0)
            block.Variable(64);
        if ((has & HasStack) != 0)
            block.Variable(32);
        block.Variable(64); // time
        block.Skip(((has & HasActivity) != 0 ? GuidSize : 0) + ((has & HasRelated) != 0 ? GuidSize : 0));
        if ((has & HasSize) != 0)
            length = (int)block.Variable(32);
    }
}
