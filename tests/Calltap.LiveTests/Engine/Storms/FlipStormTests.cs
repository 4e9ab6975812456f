using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Patching;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>Sites that change all the time, from one to ten thousand at once (two thousand in the short form): every result right, every call counted or recorded.</summary>
[Collection(EngineTests.Name)]
public sealed class FlipStormTests(ITestOutputHelper output)
{
    const int Threads = 8;

    static readonly int s_functions = LiveTest.Repeat(1_000, 5_000); // each has an entry and an exit

    [Theory]
    [MemberData(nameof(AnsweredPolicies.All), MemberType = typeof(AnsweredPolicies))]
    public void No_call_is_missed_or_misled_while_random_sets_of_sites_flip(Int3Policy int3, Answering answering)
    {
        answering.SkipUnlessAllowed();
        int rounds = LiveTest.Repeat(10, 10_000), epoch = LiveTest.Repeat(5, 50);
        using StormTarget storm = StormTarget.StartDemo(s_functions, Threads);
        var flips = new FlipStorm(storm, int3, answering, s_functions, seed: 1);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; flips.Rounds < rounds; i++)
        {
            if (i % 4 == 1) flips.Record(epoch);
            else flips.Count(epoch);
            if (i % 2 == 1) Print(flips, start);
        }
        Print(flips, start);
        TrapCounts traps = flips.Traps;
        Assert.True((answering == Answering.Guard ? traps.Hits : traps.AnsweredInTarget) > 0, "no thread ever hit a breakpoint: the storm was none");
        if (answering != Answering.Guard) Assert.Equal(0, traps.Hits);
        if (answering == Answering.HandlerAlone) Assert.Equal(0, traps.Interrupted + traps.Moved);
        Assert.True(flips.Sites > 10 * rounds && flips.Extremes.Most > s_functions / 2, "the sets were small");
        storm.AssertRight();
    }

    void Print(FlipStorm flips, long start)
    {
        TrapCounts traps = flips.Traps;
        output.WriteLine($"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {flips.Rounds} rounds, {flips.Sites} sites flipped ({flips.Extremes.Fewest} to {flips.Extremes.Most} a round), {flips.Deferred} left for a later round, {flips.GivenUp} rounds given up; "
            + $"hits {traps.Hits}, emulated {traps.Emulated}, parked {traps.Parked}, answered in the target {traps.AnsweredInTarget}, late {traps.Late}, moved {traps.Moved}, interrupted {traps.Interrupted}, foreign {traps.Foreign}, misdirected {traps.Misdirected}; "
            + $"{flips.Calls.Called} calls, {flips.Calls.Lost} lost");
    }
}
