using Calltap.Sessions;
using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Sessions;

public sealed class MappingNumbersTests
{
    const int Most = 8;

    [Fact]
    public void A_mapping_keeps_its_number()
    {
        var numbers = new MappingNumbers(Most);
        Assert.Equal((1, true), Of(numbers, 1));
        Assert.Equal((2, true), Of(numbers, 2));
        Assert.Equal((1, false), Of(numbers, 1));
        Assert.Equal(2, numbers.Highest);
    }

    [Fact]
    public void Numbers_that_nobody_needs_any_more_are_given_again()
    {
        var numbers = new MappingNumbers(Most);
        for (int place = 1; place <= Most; place++) Assert.Equal((place, true), Of(numbers, place));
        HashSet<int> given = [];
        for (int place = Most + 1; place < 2 * Most - 1; place++)
        {
            (int number, bool isNew) = Of(numbers, place, 3, 5);
            Assert.True(isNew && number is not (3 or 5) && given.Add(number), $"{number} was given twice");
        }
        Assert.Equal((3, false), Of(numbers, 3));
        Assert.Equal(Most, numbers.Highest);
        Assert.True(Of(numbers, 1).IsNew, "its number is another's");
    }

    [Fact]
    public void Where_all_are_needed_there_is_none()
    {
        var numbers = new MappingNumbers(Most);
        for (int place = 1; place <= Most; place++) Of(numbers, place);
        Assert.Equal((0, false), Of(numbers, Most + 1, [.. Enumerable.Range(1, Most)]));
        Assert.Equal((0, false), Of(new MappingNumbers(numbers), Most + 1, [.. Enumerable.Range(1, Most)]));
        Assert.Equal((4, true), Of(numbers, Most + 1, [1, 2, 3, 5, 6, 7, 8]));
    }

    static (int Number, bool IsNew) Of(MappingNumbers numbers, int place, params int[] inUse)
    {
        var start = new TargetAddress((ulong)place << 12);
        var mapping = new MemoryMapping(start, start + 4096, MappingPermissions.Execute, new FileOffset(0), new DeviceNumber(8, 1), 77, "/a", false);
        return (numbers.Of(mapping, () => inUse.ToHashSet(), out bool isNew), isNew);
    }
}
