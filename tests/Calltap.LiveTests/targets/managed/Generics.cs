using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>One method with code for each value type, and shared code for all classes. Counted together.</summary>
static class Generics
{
    abstract class Visitor
    {
        public abstract string Visit<T>(T value);
    }

    sealed class Plainly : Visitor
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public override string Visit<T>(T value)
        {
            Tally.Call(Method.Generics_Plainly_Visit);
            return typeof(T).Name + value;
        }
    }

    sealed class Marked : Visitor
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public override string Visit<T>(T value)
        {
            Tally.Call(Method.Generics_Marked_Visit);
            return $"<{typeof(T).Name}{value}>";
        }
    }

    sealed class Holder<T>(T value)
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public T Held()
        {
            Tally.Call(Method.Generics_Holder_Held);
            return value;
        }
    }

    public static bool Round(int seed)
    {
        object thing = new();
        string text = $"{seed}";
        bool right = Echo(seed) == seed && Echo((long)seed) == seed && Echo(text) == text && Echo(thing) == thing && Echo(seed * 0.5) == seed * 0.5;
        right &= Largest(3, seed, 5) == Math.Max(5, seed) && Largest(3L, seed, 5) == Math.Max(5, seed) && Largest("a", "c", "b") == "c";
        right &= new Holder<int>(seed).Held() == seed && new Holder<string>(text).Held() == text && new Holder<(long, string)>((seed, text)).Held() == (seed, text);
        Visitor visitor = seed % 2 == 0 ? new Plainly() : new Marked();
        string number = visitor.Visit(seed), word = visitor.Visit(text);
        return right && (seed % 2 == 0 ? number == $"Int32{seed}" && word == $"String{seed}" : number == $"<Int32{seed}>" && word == $"<String{seed}>");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static T Echo<T>(T value)
    {
        Tally.Call(Method.Generics_Echo);
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static T Largest<T>(T a, T b, T c) where T : IComparable<T>
    {
        Tally.Call(Method.Generics_Largest);
        T largest = a.CompareTo(b) < 0 ? b : a;
        return largest.CompareTo(c) < 0 ? c : largest;
    }
}
