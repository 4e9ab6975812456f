using Calltap.Sessions;
using Xunit;

namespace Calltap.Tests.Sessions;

public sealed class FreeRoomTests
{
    const ulong Start = 0x1000, End = 0x2000;

    [Fact]
    public void What_is_given_back_is_one_range_again_in_whatever_order()
    {
        const int Size = 0x100, Parts = (int)(End - Start) / Size;
        for (int seed = 0; seed < 20; seed++)
        {
            var room = new FreeRoom(new(Start), new(End));
            List<TargetAddress> taken = [.. Enumerable.Range(0, Parts).Select(_ => room.Take(Size)!.Value)];
            Assert.Null(room.Take(1));
            Assert.Equal(Parts, taken.Distinct().Count());
            var random = new Random(seed);
            foreach (TargetAddress start in taken.OrderBy(_ => random.Next())) room.Give(start, start + Size);
            Assert.Equal([(new TargetAddress(Start), new TargetAddress(End))], room.Ranges);
        }
    }

    [Fact]
    public void The_first_range_that_is_large_enough_is_taken()
    {
        var room = new FreeRoom(new(Start), new(End));
        TargetAddress first = room.Take(0x100)!.Value, second = room.Take(0x200)!.Value, third = room.Take(0x100)!.Value;
        room.Give(first, first + 0x100);
        Assert.Equal(third + 0x100, room.Take(0x200)); // not the 0x100 in front
        Assert.Equal(first, room.Take(0x80));
        Assert.Equal([(first + 0x80, second), (third + 0x300, new TargetAddress(End))], room.Ranges);
        room.Give(second, second + 0x200);
        Assert.Equal([(first + 0x80, second + 0x200), (third + 0x300, new TargetAddress(End))], room.Ranges);
    }

    [Fact]
    public void A_copy_is_another_room()
    {
        var room = new FreeRoom(new(Start), new(End));
        var copy = new FreeRoom(room);
        room.Take(0x1000);
        Assert.Equal(new TargetAddress(Start), copy.Take(0x1000));
    }
}
