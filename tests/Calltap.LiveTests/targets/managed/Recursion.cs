using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Deep stacks, with a collection at the bottom now and then.</summary>
static class Recursion
{
    public static bool Round(int seed) =>
        Deep(5000, $"{seed}", seed % 8 == 0) == 5000 + $"{seed}".Length && Fibonacci(12) == 144 && Even(seed % 50) == (seed % 50 % 2 == 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Deep(int n, string text, bool collects)
    {
        Tally.Call(Method.Recursion_Deep);
        if (n > 0) return 1 + Deep(n - 1, text, collects);
        if (collects) GC.Collect(0);
        return text.Length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Fibonacci(int n)
    {
        Tally.Call(Method.Recursion_Fibonacci);
        return n < 2 ? n : Fibonacci(n - 1) + Fibonacci(n - 2);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Even(int n)
    {
        Tally.Call(Method.Recursion_Even);
        return n == 0 || Odd(n - 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Odd(int n)
    {
        Tally.Call(Method.Recursion_Odd);
        return n != 0 && Even(n - 1);
    }
}
