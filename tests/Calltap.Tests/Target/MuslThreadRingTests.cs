using System.Buffers.Binary;
using Calltap.Target;
using Xunit;

namespace Calltap.Tests.Target;

public sealed class MuslThreadRingTests
{
    const ulong First = 0x7000_0000;
    const int Apart = 0x1000;

    readonly Dictionary<ulong, byte[]> _memory = [];

    [Theory]
    [InlineData(0x30)]
    [InlineData(0x38)]
    public void A_ring_is_closed_and_has_the_tid_of_each_thread(int offset)
    {
        Make(offset, 100, 101, 102);
        MuslThreadRing? ring = MuslThreadRing.Walk(Read, First + Apart);
        Assert.NotNull(ring);
        Assert.Equal(offset, ring.FindTidOffset(new HashSet<int> { 100, 101, 102, 103 }));
        Assert.Equal([First + Apart, First + (2 * Apart), First], ring.Addresses);
        Assert.True(ring.Contains(102, offset));
        Assert.False(ring.Contains(103, offset));
    }

    [Fact]
    public void One_thread_is_a_ring()
    {
        Make(0x30, 7);
        Assert.Equal(0x30, MuslThreadRing.Walk(Read, First)?.FindTidOffset(new HashSet<int> { 7 }));
    }

    [Fact]
    public void A_tid_of_no_thread_or_one_that_stands_twice_is_no_proof()
    {
        Make(0x30, 100, 101);
        Assert.Null(MuslThreadRing.Walk(Read, First)!.FindTidOffset(new HashSet<int> { 100 }));
        Make(0x30, 100, 100);
        Assert.Null(MuslThreadRing.Walk(Read, First)!.FindTidOffset(new HashSet<int> { 100 }));
    }

    [Theory]
    [InlineData(0x00, First)] // not its own address
    [InlineData(0x08, 0)] // no dtv
    [InlineData(0x10, First + (2 * Apart))] // prev leads elsewhere
    [InlineData(0x18, First + 4)] // next is no pointer
    [InlineData(0x18, First + (9 * Apart))] // next is not mapped
    [InlineData(0x18, First + Apart)] // a ring that does not lead back to its start
    public void What_is_no_ring_is_not_taken_for_one(int offset, ulong word)
    {
        Make(0x30, 100, 101, 102);
        BinaryPrimitives.WriteUInt64LittleEndian(_memory[First + Apart].AsSpan(offset), word);
        Assert.Null(MuslThreadRing.Walk(Read, First));
    }

    void Make(int tidOffset, params int[] tids)
    {
        _memory.Clear();
        for (int i = 0; i < tids.Length; i++)
        {
            var bytes = new byte[MuslThreadRing.DescriptorSize];
            void Put(int offset, ulong word) => BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(offset), word);
            ulong At(int index) => First + ((ulong)((index + tids.Length) % tids.Length) * Apart);
            Put(0, At(i));
            Put(8, 0x1234);
            Put(0x10, At(i - 1));
            Put(0x18, At(i + 1));
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(tidOffset), tids[i]);
            _memory[At(i)] = bytes;
        }
    }

    int Read(ulong address, Span<byte> bytes)
    {
        if (!_memory.TryGetValue(address, out byte[]? found)) return 0;
        found.CopyTo(bytes);
        return found.Length;
    }
}
