using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Calls in the last place, which optimised code makes jumps.</summary>
static class Tail
{
    public static bool Round(int seed)
    {
        bool right = true;
        for (int i = 0; i < 200; i++) right &= First(seed, i) == (seed * 2) + i + 3;
        return right;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int First(int a, int b)
    {
        Tally.Call(Method.Tail_First);
        return Second(a + 1, b, a);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Second(int a, int b, int c)
    {
        Tally.Call(Method.Tail_Second);
        return Last(a + b + 1, c);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Last(int a, int b)
    {
        Tally.Call(Method.Tail_Last);
        return a + b + 1;
    }
}
