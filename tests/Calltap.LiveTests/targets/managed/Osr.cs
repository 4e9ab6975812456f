using System.Reflection;
using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Loops that run so long in unoptimised code that the runtime goes on in other code in the middle of them.</summary>
static class Osr
{
    const int Turns = 100_000, Kinds = 10;

    struct K0;
    struct K1;
    struct K2;
    struct K3;
    struct K4;
    struct K5;
    struct K6;
    struct K7;
    struct K8;
    struct K9;

    static readonly Type[] s_kinds = [typeof(K0), typeof(K1), typeof(K2), typeof(K3), typeof(K4), typeof(K5), typeof(K6), typeof(K7), typeof(K8), typeof(K9)];
    static readonly MethodInfo s_fresh = typeof(Osr).GetMethod(nameof(Fresh), BindingFlags.NonPublic | BindingFlags.Static)!;
    static int s_made;

    public static bool Round(int seed) => Loop(seed, $"{seed}") == Expected(seed) + $"{seed}".Length && FreshRound(seed);

    /// <summary>A thousand times, a method that never ran: code for types that it was not made for yet. It is compiled unoptimised.</summary>
    static bool FreshRound(int seed)
    {
        int number = Interlocked.Increment(ref s_made) - 1;
        if (number >= Kinds * Kinds * Kinds) return true;
        var fresh = s_fresh.MakeGenericMethod(s_kinds[number % Kinds], s_kinds[number / Kinds % Kinds], s_kinds[number / Kinds / Kinds]).CreateDelegate<Func<int, long>>();
        return fresh(seed) == Expected(seed) && fresh(seed + 1) == Expected(seed + 1);
    }

    static long Expected(int seed) => ((long)Turns * (Turns - 1) / 2) + ((long)Turns * (seed % 7));

    [MethodImpl(MethodImplOptions.NoInlining)]
    static long Loop(int seed, string text)
    {
        Tally.Call(Method.Osr_Loop);
        long sum = 0;
        for (int i = 0; i < Turns; i++) sum += i + (seed % 7);
        return sum + text.Length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static long Fresh<TA, TB, TC>(int seed) where TA : struct where TB : struct where TC : struct
    {
        Tally.Call(Method.Osr_Fresh);
        long sum = 0;
        for (int i = 0; i < Turns; i++) sum += i + (seed % 7);
        return sum;
    }
}
