using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Methods called so often that the runtime compiles them anew, with and without counters of its own.</summary>
static class Tiering
{
    const int Calls = 20_000;

    public static bool Round(int seed)
    {
        long sum = 0;
        for (int i = 0; i < Calls; i++) sum += Hot(i);
        return sum == (long)Calls * (Calls - 1) && Warm(seed) == seed + 2;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Hot(int n)
    {
        Tally.Call(Method.Tiering_Hot);
        return n % 2 == 0 ? n * 2 : n + n;
    }

    /// <summary>Reaches its thirtieth call later than the others.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Warm(int n)
    {
        Tally.Call(Method.Tiering_Warm);
        return n + 2;
    }
}
