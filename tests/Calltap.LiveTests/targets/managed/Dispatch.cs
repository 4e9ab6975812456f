using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Methods found at run time: virtual ones, those of interfaces, and delegates.</summary>
static class Dispatch
{
    interface INamed
    {
        string Name(int n);
    }

    abstract class Shape
    {
        public abstract int Area();
    }

    sealed class Square(int side) : Shape, INamed
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public override int Area()
        {
            Tally.Call(Method.Dispatch_Square_Area);
            return side * side;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public string Name(int n)
        {
            Tally.Call(Method.Dispatch_Square_Name);
            return $"square {n}";
        }
    }

    sealed class Bar(int length) : Shape, INamed
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public override int Area()
        {
            Tally.Call(Method.Dispatch_Bar_Area);
            return length;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public string Name(int n)
        {
            Tally.Call(Method.Dispatch_Bar_Name);
            return $"bar {n}";
        }
    }

    /// <summary>A struct behind an interface: its method is reached through a stub that unboxes it.</summary>
    readonly struct Dot : INamed
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public string Name(int n)
        {
            Tally.Call(Method.Dispatch_Dot_Name);
            return $"dot {n}";
        }
    }

    sealed class Adder(int add)
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public int Delegate(int a)
        {
            Tally.Call(Method.Dispatch_Adder_Delegate);
            return a + add;
        }
    }

    public static bool Round(int seed)
    {
        Shape[] shapes = [new Square(seed % 100), new Bar(seed)];
        INamed[] named = [(INamed)shapes[0], (INamed)shapes[1], new Dot()];
        Func<int, int> instance = new Adder(seed).Delegate, open = Static;
        Func<int, int> both = instance + open;
        bool right = true;
        for (int i = 0; i < 50; i++)
        {
            right &= shapes[i % 2].Area() == (i % 2 == 0 ? (seed % 100) * (seed % 100) : seed);
            right &= named[i % 3].Name(i) == $"{(i % 3) switch { 0 => "square", 1 => "bar", _ => "dot" }} {i}";
            right &= instance(i) == i + seed && open(i) == i * 3 && both(i) == i * 3;
        }

        return right;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Static(int a)
    {
        Tally.Call(Method.Dispatch_Static);
        return a * 3;
    }
}
