using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Methods that go on on another thread. What is counted is called by them: how often a state machine moves is not certain.</summary>
static class Async
{
    public static bool Round(int seed)
    {
        Task<int>[] tasks = [.. Enumerable.Range(0, 4).Select(i => Run(seed + i))];
        Task.WaitAll(tasks);
        bool right = true;
        for (int i = 0; i < tasks.Length; i++) right &= tasks[i].Result == seed + i + 6;
        return right;
    }

    static async Task<int> Run(int number)
    {
        number = Step(number);
        await Task.Yield();
        number = await Inner(number);
        await Task.Delay(1);
        try
        {
            number = Step(number);
            await Failing();
        }
        catch (InvalidOperationException)
        {
            number = Last(number);
        }

        return number;
    }

    static async ValueTask<int> Inner(int number)
    {
        await Task.Yield();
        return Step(number) + 1;
    }

    static async Task Failing()
    {
        await Task.Yield();
        throw new InvalidOperationException();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Step(int number)
    {
        Tally.Call(Method.Async_Step);
        return number + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Last(int number)
    {
        Tally.Call(Method.Async_Last);
        return number + 2;
    }
}
