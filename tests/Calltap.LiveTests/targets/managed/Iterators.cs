using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Methods that give back one value after another.</summary>
static class Iterators
{
    public static bool Round(int seed) => Squares(20).Where(n => n % 2 == 0).Sum() == 1140 && Squares(seed % 30).Count() == seed % 30;

    static IEnumerable<int> Squares(int count)
    {
        for (int i = 0; i < count; i++) yield return Square(i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Square(int n)
    {
        Tally.Call(Method.Iterators_Square);
        return n * n;
    }
}
