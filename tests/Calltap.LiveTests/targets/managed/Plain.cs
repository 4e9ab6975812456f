using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Numbers and structs, in registers, on the stack, and returned through a buffer.</summary>
static class Plain
{
    public readonly record struct Point(double X, double Y);

    public readonly record struct Block(long A, long B, long C, double D);

    public readonly record struct Two(long A, int B);

    public static bool Round(int seed)
    {
        bool right = true;
        for (int i = seed; i < seed + 200; i++)
        {
            Tally.Call(Method.Plain_Bare);
            right &= Bare(i) == i + 7;
            right &= Add(i, 3) == i + 3;
            right &= Ten(i, 1, 2, 3, 4, 5, 6, 7, 8, 9) == i + 45;
            right &= Doubles(i, 1, 2, 3, 4, 5, 6, 7, 8, 9) == (i * 2.0) + 45;
            right &= Mixed((byte)i, i * 0.5f, (short)i, i, 'x', true) == (byte)i + (i * 0.5f) + (short)i + i + 'x' + 1;
            right &= Norm(new Point(i, 2)) == (i * (double)i) + 4;
            right &= Large(i, new Block(1, 2, 3, 4)) == new Block(i + 1, i + 2, i + 3, i + 4);
            right &= Pair(i) == new Two(i * 3L, i + 1);
            Nothing();
        }

        return right;
    }

    // Counted by its caller: three instructions are all it has.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Bare(int a) => a + 7;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Add(int a, int b)
    {
        Tally.Call(Method.Plain_Add);
        return a + b;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Ten(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j)
    {
        Tally.Call(Method.Plain_Ten);
        return a + b + c + d + e + f + g + h + i + j;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static double Doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i, double j)
    {
        Tally.Call(Method.Plain_Doubles);
        return (a * 2) + b + c + d + e + f + g + h + i + j;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static double Mixed(byte a, float b, short c, long d, char e, bool f)
    {
        Tally.Call(Method.Plain_Mixed);
        return a + b + c + d + e + (f ? 1 : 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static double Norm(Point p)
    {
        Tally.Call(Method.Plain_Norm);
        return (p.X * p.X) + (p.Y * p.Y);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Block Large(int add, Block b)
    {
        Tally.Call(Method.Plain_Large);
        return new Block(b.A + add, b.B + add, b.C + add, b.D + add);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Two Pair(int a)
    {
        Tally.Call(Method.Plain_Pair);
        return new Two(a * 3L, a + 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Nothing() => Tally.Call(Method.Plain_Nothing);
}
